import { expect, test } from 'vitest'
import { FaultKind, planFaults } from './fault-plan.ts'

const plan = { seed: 3, hosts: 12, durationMs: 300_000, everyMs: 60_000, scale: 1 }

test('one seed gives one plan, another seed another', () => {
  expect(planFaults(plan)).toEqual(planFaults(plan))
  expect(planFaults({ ...plan, seed: 4 })).not.toEqual(planFaults(plan))
})

test('in five minutes twelve hosts fail in every way there is', () => {
  const kinds = new Set(planFaults(plan).map(({ kind }) => kind))
  expect([...kinds].sort()).toEqual([...FaultKind.options].sort())
})

test('a host is well again before it fails anew, and before the load ends', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const faults = planFaults({ ...plan, seed })
    for (const { host, atMs, durationMs } of faults) {
      expect(atMs + durationMs).toBeLessThan(plan.durationMs)
      const next = faults.find((one) => one.host === host && one.atMs > atMs)
      expect(next?.atMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(atMs + durationMs)
    }
  }
})
