// The model test in short over a real engine: the adapters' conditions against the same reference.
import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { openDatabaseLedger } from '../contract/database-ledger.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { quickHoldCommands } from './hold-commands.ts'
import { journalCommands } from './journal-commands.ts'
import { payoutCommands } from './payout-commands.ts'
import { openWorld } from './world.ts'

const seed = Number(process.env.MODEL_SEED ?? 20_261_129)
const numRuns = Number(process.env.ENGINE_MODEL_RUNS ?? 6)

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
afterAll(() => engine.stop())

test('the ledger on a database does what the reference does', { timeout: 120_000 }, async () => {
  const any = fc.oneof(...quickHoldCommands, ...journalCommands, ...payoutCommands)
  await fc.assert(
    fc.asyncProperty(fc.commands([any], { maxCommands: 60, size: 'max' }), async (steps) => {
      const { revokeKey, ...stores } = await openDatabaseLedger(engine)
      const world = await openWorld(stores, revokeKey)
      await fc.asyncModelRun(() => ({ model: world, real: world }), steps)
    }),
    { seed, numRuns },
  )
})
