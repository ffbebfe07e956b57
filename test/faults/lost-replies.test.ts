// The commonest fault at the first write of every method: its reply is lost, and the try that follows
// must be known again. All other faults, at every write, are in
// `lost-tries.test.ts` and `refused-tries.test.ts`.
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { EmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { isWrite } from '../support/fault-proxy.ts'
import { cases } from './cases.ts'
import { runCase, saysUnknown, startPatientDynamodb, type WriteCase } from './write-case.ts'

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startPatientDynamodb()
})
afterAll(() => engine.stop())

const named = cases.map((one): [string, WriteCase] => [`${one.method}, ${one.as},`, one])

describe('when the reply to the first write is lost, the caller hears the truth', () => {
  test.concurrent.for(named)('%s', async ([, one], { expect }) => {
    const undisturbed = await runCase(engine, one)
    const lost = { fault: { kind: 'reply lost' }, on: isWrite, after: 0 } as const
    const run = await runCase(engine, one, { plans: [lost] })
    const mayBeUnknown = one.mayStayUnknown && saysUnknown(run.answer)
    expect({ ...run, answer: mayBeUnknown ? undisturbed.answer : run.answer }).toMatchObject({
      answer: undisturbed.answer,
      stored: undisturbed.stored,
    })
    expect(run.writes.some(({ fate }) => fate === 'reply lost')).toBe(true)
  })
})
