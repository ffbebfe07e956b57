// The ledger's use cases against a small reference that shares no code with them: after every command
// both have given the same answer, and every figure that can be read is the same.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { holdCommands } from './hold-commands.ts'
import { journalCommands } from './journal-commands.ts'
import { payoutCommands } from './payout-commands.ts'
import { openMemoryWorld } from './world.ts'

const usualRuns = 1_000
/** Another seed makes another search; a failure prints the seed and path that replay it. */
const seed = Number(process.env.MODEL_SEED ?? 20_261_129)
const numRuns = Number(process.env.MODEL_RUNS ?? usualRuns)
/** Who only asks whether it fails need not know the shortest way there. */
const endOnFailure = process.env.MODEL_SHRINK === 'no'

/** Answers that a search of the usual size must have met, or it looks in the wrong places. */
const rare = [
  'reserve: claim_reused',
  'reserve: claim_running',
  'reserve: claim_completed',
  'reserve: closed',
  'reserve: counter concurrency',
  'reserve: counter rpm',
  'reserve: counter spend_day',
  'reserve: counter spend_month',
  'reserve: counter tpm',
  'reserve: key_revoked',
  'reserve: suspended',
  'a burst of reserves: open_holds',
  'a burst of reserves: closed',
  'a reserve arrives again: held',
  'a reserve arrives again: duplicate',
  'a reserve arrives again: closed',
  'a reserve arrives again: unavailable',
  'finish: first false true',
  'refund: above_charge',
  'refund: before',
  'refund: before, otherwise',
  'refund: host_short',
  'refund: host_unpaid',
  'refund: refunded',
  'adjust: not_covered',
  'adjust: requested otherwise',
  'approve: before',
  'approve: done',
  'approve: same_operator',
  'close payout: closed_before',
  'confirm payout: confirmed',
  'confirm payout: conflict',
  'claim late: already_claimed',
  'claim late: escrowed',
  'claim late: own_traffic',
  'claim late: under_review, node stopped',
  'claim late: under_review',
]

test('the ledger does what the reference does', { timeout: 120_000 }, async () => {
  const commands = fc.commands([fc.oneof(...holdCommands, ...journalCommands, ...payoutCommands)], {
    maxCommands: 100,
    size: 'max',
  })
  const answers = new Set<string>()
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      const world = { ...(await openMemoryWorld()), answers }
      await fc.asyncModelRun(() => ({ model: world, real: world }), steps)
    }),
    { seed, numRuns, endOnFailure },
  )
  if (numRuns >= usualRuns) expect([...answers]).toEqual(expect.arrayContaining(rare))
})
