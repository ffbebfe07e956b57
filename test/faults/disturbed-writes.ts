/**
 * Every write of the product over a wire that breaks at each of its requests in turn: the caller hears
 * what it would have heard, and the tables hold what they would have held.
 */
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { EmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { type Fault, isWrite, type Plan } from '../support/fault-proxy.ts'
import { namedCases } from './cases.ts'
import { runCase, saysUnknown, startPatientDynamodb } from './write-case.ts'

/** The client waits up to a second after each throttled try. */
const timeout = 60_000

/** Hits the method's write of this index, and the tries that follow it. */
const from = (index: number, faults: readonly Fault[]): Plan[] =>
  faults.map((fault) => ({ fault, on: isWrite, after: index }))

/** The tests of a file: each of `disturbances` is a run of faults, the first at the write itself. */
export function everyWriteSurvives(disturbances: readonly (readonly Fault[])[]): void {
  let engine: EmbeddedDynamodb
  beforeAll(async () => {
    engine = await startPatientDynamodb()
  })
  afterAll(() => engine.stop())

  describe('after a fault the same answer and the same tables', () => {
    test.concurrent.for(namedCases)('%s', { timeout }, async ([, one], { expect }) => {
      const undisturbed = await runCase(engine, one)
      const count = undisturbed.writes.length
      expect(count).toBeGreaterThan(0)
      for (const index of undisturbed.writes.keys()) {
        for (const faults of disturbances) {
          const run = await runCase(engine, one, { plans: from(index, faults) })
          const what = `write ${index + 1} of ${count}: ${JSON.stringify(faults)}`
          const hit = run.writes.flatMap(({ fate }) => (fate === 'passed' ? [] : [fate]))
          const answer =
            one.mayStayUnknown && saysUnknown(run.answer) ? undisturbed.answer : run.answer
          expect.soft({ what, hit, answer, stored: run.stored }).toEqual({
            what,
            hit: faults.map(({ kind }) => kind),
            answer: undisturbed.answer,
            stored: undisturbed.stored,
          })
        }
      }
    })
  })
}
