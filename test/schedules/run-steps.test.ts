import { expect, test } from 'vitest'
import { runSteps, type StepFailure } from '../../src/schedules/run-steps.ts'

const fails = (message: string) => () => Promise.reject(new Error(message))

function makeFailures() {
  const failures: StepFailure[] = []
  return { failures, onFailure: (failure: StepFailure) => void failures.push(failure) }
}

test('the reports of all steps are one', async () => {
  const { failures, onFailure } = makeFailures()
  const steps = { first: async () => ({ one: 1 }), second: async () => ({ two: 2 }) }
  expect(await runSteps(steps, onFailure)).toEqual({ one: 1, two: 2 })
  expect(failures).toEqual([])
})

test('a step that fails keeps no other from its turn; it is told by name, and the run has failed', async () => {
  const { failures, onFailure } = makeFailures()
  const ran: string[] = []
  const last = async () => {
    ran.push('last')
    return {}
  }
  const steps = { first: fails('no table'), second: fails('no metrics'), last }
  await expect(runSteps(steps, onFailure)).rejects.toThrow('first, second failed')
  expect(ran).toEqual(['last'])
  expect(failures).toMatchObject([
    { step: 'first', error: { message: 'no table' } },
    { step: 'second', error: { message: 'no metrics' } },
  ])
})
