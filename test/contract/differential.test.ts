/**
 * The same random calls on the in-memory ledger and on the real adapters over an engine: every
 * answer and everything that is left must be the same. `SEED` in the environment draws others.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { allOfLedger } from './all-of-ledger.ts'
import { callLedger } from './calls-on-ledger.ts'
import { openDatabaseLedger } from './database-ledger.ts'
import type { OpenedLedger } from './ledger-contract.ts'
import { openMemoryLedger } from './memory-under-test.ts'
import { anyCall } from './random-calls.ts'
import { type Names, namesOf } from './sequence-names.ts'
import { mustHappen, whatHappened } from './what-happened.ts'
import { type LedgerUnderTest, topUp } from './world.ts'

const seed = Number(process.env.SEED ?? 20_261_121)
const sequences = 20
const callsPerSequence = 80
/** An engine shrinks slowly; what it has found until then is told. */
const shrinking = { interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true }

let engine: OpenedLedger
beforeAll(async () => {
  engine = await openDatabaseLedger(await startEmbeddedDynamodb())
})
afterAll(() => engine?.close())

test(`memory and engine answer alike and end alike (SEED=${seed})`, async () => {
  const memory = openMemoryLedger()
  const happened = new Set<string>()
  let sequence = 0
  const length = { minLength: callsPerSequence, maxLength: callsPerSequence }
  const areAlike = fc.asyncProperty(fc.array(anyCall, length), async (calls) => {
    sequence += 1
    const names = namesOf(sequence)
    for (const ledger of [memory, engine]) await openAccounts(ledger, names)
    for (const [step, call] of calls.entries()) {
      const expected = await callLedger(memory, call, { names, step })
      const answer = await callLedger(engine, call, { names, step })
      expect(answer, `call ${step}, ${call.kind}`).toEqual(expected)
      happened.add(whatHappened(expected))
    }
    expect(await allOfLedger(engine, names)).toEqual(await allOfLedger(memory, names))
  })
  await fc.assert(areAlike, { seed, numRuns: sequences, ...shrinking })
  // What never happened was never compared.
  expect(mustHappen.filter((event) => !happened.has(event))).toEqual([])
}, 60_000)

async function openAccounts({ accounts, journal }: LedgerUnderTest, names: Names): Promise<void> {
  for (const index of [0, 1]) {
    const accountId = names.account(index)
    await accounts.createAccount({ accountId, name: 'Customer', smoke: false, createdAtMs: 1 })
    const [entryId, reference] = [names.entry(-1 - index), names.reference(-1 - index)]
    const entry = { entryId, reference, atMs: 0, by: 'contract', about: '' }
    const legs = topUp(accountId, 120n)
    await journal.post({ entry: { ...entry, kind: 'top_up', legs }, guards: [] })
  }
}
