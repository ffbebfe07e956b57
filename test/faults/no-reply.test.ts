// Every write of the product over a wire that never gives its reply: whoever does not know says so.
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { EmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { isWrite, type Plan } from '../support/fault-proxy.ts'
import { namedCases } from './cases.ts'
import { runCase, saysUnknown, startPatientDynamodb } from './write-case.ts'

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startPatientDynamodb()
})
afterAll(() => engine.stop())

/** The client waits up to a second after each try. */
const timeout = 60_000

describe('when no reply of a write ever comes, no answer is wrong', () => {
  test.concurrent.for(namedCases)('%s', { timeout }, async ([, one], { expect }) => {
    const undisturbed = await runCase(engine, one)
    const count = undisturbed.writes.length
    for (const index of undisturbed.writes.keys()) {
      const lost: Plan = { fault: { kind: 'reply lost' }, on: isWrite, after: index, times: 99 }
      const { answer, stored } = await runCase(engine, one, { plans: [lost] })
      if (saysUnknown(answer)) continue
      const what = `write ${index + 1} of ${count}`
      expect.soft({ what, answer, stored }).toEqual({
        what,
        answer: undisturbed.answer,
        stored: undisturbed.stored,
      })
    }
  })
})
