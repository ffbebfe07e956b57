// A failing plan becomes the smallest one that fails in the same way.
import { expect, test } from 'vitest'
import { type FaultName, noFaults } from './faults.ts'
import { type Plan, shrink } from './shrink.ts'

const planOf = (operations: readonly string[], faults: readonly FaultName[]): Plan<string> => ({
  seed: 1,
  operations,
  faults: { ...noFaults, ...Object.fromEntries(faults.map((name) => [name, 0.1])) },
})
const many = Array.from({ length: 23 }, (_, index) => `operation ${index}`)

/** Breaks when these operations meet while this fault may happen. */
const breaksWith =
  (needed: readonly string[], fault: FaultName) =>
  async ({ operations, faults }: Plan<string>) =>
    faults[fault] > 0 && needed.every((one) => operations.includes(one))

test('only the operations and the fault that it takes are left, in their order', async () => {
  const needed = ['operation 3', 'operation 17']
  const plan = planOf(many, ['crash', 'skew', 'lostReply'])
  const smallest = await shrink(plan, breaksWith(needed, 'lostReply'))
  expect(smallest).toEqual(planOf(needed, ['lostReply']))
})

test('what cannot shrink stays as it is', async () => {
  const plan = planOf(['one', 'other'], ['crash'])
  expect(await shrink(plan, breaksWith(['one', 'other'], 'crash'))).toEqual(plan)
})

test('a plan that fails in any case shrinks to nothing', async () => {
  const smallest = await shrink(planOf(many, ['crash', 'pause']), async () => true)
  expect(smallest).toEqual(planOf([], []))
})
