// Runs that prove nothing: what a host did not finish, sign for or say is not measured.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { answers, busy, refuses, type Script, says, streams } from '../support/host-answers.ts'
import { ableScript } from './able-host.ts'
import { type MeasuredHosts, startMeasuredHosts } from './measured-host.ts'

let hosts: MeasuredHosts
beforeAll(async () => {
  hosts = await startMeasuredHosts()
})
afterAll(() => hosts.stop())

describe('no evidence comes from a host that', () => {
  const stranger = makeSigner(generatePrivateKey())
  test.each([
    ['gives no proof', streams(['Hello'], { proof: 'none' })],
    ['says nothing', streams([])],
    ['does not finish', answers({ frames: [says('Hello')] })],
    ['fails', answers({ frames: [says('Hello'), { error: { message: 'x' } }] })],
    ['is cut', streams(['Hello'], { end: 'cut' })],
    ['says more than it was asked for', streams(['x'.repeat(40_000)])],
    ['signs for nothing', streams(['Hello'], { claim: 'none' })],
    ['signs with another key', streams(['Hello'], { claimSigner: stranger })],
    ['signs for another ticket', streams(['Hello'], { claim: { ticket_hash: 'f'.repeat(64) } })],
  ])('%s, and its warm-up is all that it is asked', async (_, script) => {
    const host = await hosts.enrolled(script)
    const { report, benchmark, unmeasured } = await hosts.run(host)
    expect(report).toMatchObject({ run: 1, passed: 0 })
    expect(benchmark).toBeUndefined()
    expect(unmeasured).toMatchObject([{ why: 'no_answer' }])
    expect(host.dispatches).toHaveLength(1)
  })

  test('is busy each time that it is asked', async () => {
    const host = await hosts.enrolled(busy)
    const { unmeasured } = await hosts.run(host)
    expect(unmeasured).toMatchObject([{ why: 'no_answer', last: 'busy' }])
    expect(host.dispatches).toHaveLength(4)
  })

  test('fails more than one time in five', async () => {
    const { benchmark, unmeasured, profile } = await runFailing([2, 4])
    expect(benchmark).toBeUndefined()
    expect(unmeasured).toMatchObject([{ why: 'too_many_errors', last: 'refused' }])
    // It answered, and that is a run of its day.
    expect(profile.benchmarkRuns?.startedAtMs).toHaveLength(1)
  })
})

test('one failure in many is told in the evidence', async () => {
  const { benchmark } = await runFailing([2])
  expect(benchmark?.errorRate).toBe(0.125)
  expect(benchmark?.samples).toBe(7)
})

/** A host that fails on these of its dispatches, the warm-up being the first. */
async function runFailing(failing: readonly number[]) {
  const host = await hosts.enrolled(busy)
  const able = ableScript(host)
  let asked = 0
  const script: Script = (turn) => {
    asked += 1
    return (failing.includes(asked) ? refuses(500) : able)(turn)
  }
  host.always(script)
  return hosts.run(host)
}
