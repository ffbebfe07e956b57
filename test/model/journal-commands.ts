/** What happens to money outside holds: it comes in, is given back, corrected and earned. */

import fc from 'fast-check'
import { firstIdAt } from '../../src/adapters/system.ts'
import { accrueAccount } from '../../src/ledger/accrue.ts'
import { adjust, approveAdjustment } from '../../src/ledger/adjust.ts'
import { credit } from '../../src/ledger/credit.ts'
import { refund } from '../../src/ledger/refund.ts'
import {
  anyAccount,
  anyAmount,
  anyFate,
  anyHold,
  anyPart,
  command,
  holdOf,
  partOf,
  untilKnown,
} from './command.ts'
import type { World } from './world.ts'

const usd = 1_000_000_000n
/** Few, and shared by all kinds of entries, so that the same one is asked for different things. */
const anyReference = fc.nat({ max: 9 }).map((number) => `reference ${number}`)
const fewReferences = fc.nat({ max: 1 }).map((number) => `reference ${number}`)
const anyOperator = fc.constantFrom('ann', 'bob')

/** `before` and `otherwise` as the reference says it: done already, for this or something else. */
const again = (isSame: boolean) => (isSame ? 'before' : 'before, otherwise')

const credits = fc
  .record({
    accountId: anyAccount,
    kind: fc.constantFrom('top_up', 'top_up', 'top_up', 'grant'),
    amount: fc.oneof(
      { arbitrary: fc.nat({ max: 200 }).map(BigInt), weight: 9 },
      // The most that a USD string can say.
      { arbitrary: fc.constantFrom(0n, 10n ** 21n - 1n), weight: 1 },
    ),
    reference: fc.oneof(anyReference, fc.uuid()),
    fate: anyFate,
  })
  .map(({ fate, ...terms }) =>
    command('credit', { ...terms, fate }, async ({ ledger, reference }) => {
      const { kind, accountId, amount } = terms
      ledger.lose(fate)
      const answer = await untilKnown(() => credit(ledger.posting, { ...terms, by: 'ann' }))
      const isBefore = answer.kind === 'credited_before'
      const expected = reference.credit(kind, accountId, amount, terms.reference)
      const told = isBefore ? again(answer.isSame) : answer.kind
      return { told, expected: expected === 'done' ? 'credited' : expected }
    }),
  )

const refunds = fc
  .record({
    nth: anyHold,
    part: anyPart,
    more: fc.constantFrom(0n, 0n, 0n, 0n, 1n),
    bearer: fc.constantFrom('platform', 'host', 'host'),
    reference: fc.oneof(anyReference, fc.uuid()),
    times: fc.constantFrom(1, 1, 1, 2),
    fate: anyFate,
  })
  .map((terms) =>
    command('refund', terms, async (world) => {
      const { ledger } = world
      const { verdicts } = world.reference
      const handle = holdOf(world, terms.nth, ({ order }) => verdicts.has(order.holdId))
      if (!handle) return
      const { accountId, holdId } = handle.order
      const decision = await ledger.stores.receipts.readReceipt(accountId, holdId)
      if (!decision) return
      const { bearer, reference } = terms
      const amount = partOf(decision.charge, terms.part) + terms.more
      const order = { amount, bearer, reference, by: 'ann' }
      const give = async () => {
        ledger.lose(terms.fate)
        const answer = await untilKnown(() => refund(ledger.refunding, decision, order))
        const isBefore = answer.kind === 'refunded_before'
        const expected = world.reference.refund(holdId, amount, bearer, reference)
        const told = isBefore ? again(answer.isSame) : answer.kind
        return { told, expected: expected === 'done' ? 'refunded' : expected }
      }
      const answer = await give()
      return terms.times === 1 || answer.told !== answer.expected ? answer : give()
    }),
  )

const anyCorrection = fc.oneof(
  { arbitrary: anyAmount, weight: 4 },
  { arbitrary: fc.constantFrom(100n * usd, 100n * usd + 1n, 101n * usd), weight: 4 },
)
const adjustments = fc
  .record({
    accountId: anyAccount,
    size: anyCorrection,
    isTaking: fc.boolean(),
    reference: fc.oneof({ arbitrary: fewReferences, weight: 9 }, fc.uuid()),
    by: anyOperator,
    fate: anyFate,
  })
  .map(({ accountId, size, isTaking, reference, by, fate }) => {
    const amount = isTaking ? -size : size
    const shown = { accountId, amount, reference, by, fate }
    return command('adjust', shown, async (world) => {
      world.ledger.lose(fate)
      const order = { accountId, amount, reference, by, reason: 'asked for' }
      const answer = await untilKnown(() => adjust(world.ledger.adjusting, order))
      const expected = world.reference.adjust(accountId, amount, reference, by)
      return { told: adjusted(answer), expected }
    })
  })

const approvals = fc
  .record({ reference: fewReferences, by: anyOperator, fate: anyFate })
  .map(({ fate, ...terms }) =>
    command('approve', { ...terms, fate }, async ({ ledger, reference }) => {
      ledger.lose(fate)
      const answer = await untilKnown(() => approveAdjustment(ledger.adjusting, terms))
      return { told: adjusted(answer), expected: reference.approve(terms.reference, terms.by) }
    }),
  )

function adjusted(answer: Awaited<ReturnType<typeof adjust>>): string {
  if (answer.kind === 'adjusted') return 'done'
  if (answer.kind === 'adjusted_before') return again(answer.isSame)
  if (answer.kind === 'requested') return answer.isSame ? 'requested' : 'requested otherwise'
  return answer.kind
}

export async function accrue({ ledger, reference }: World, accountId: string, agoMs: number) {
  const before = firstIdAt(ledger.nowMs() - agoMs)
  const { decisions, isComplete } = await accrueAccount(ledger.accruing, accountId, before)
  const expected = `${reference.accrue(accountId, before)} true`
  return { told: `${decisions} ${isComplete}`, expected }
}

const accruals = fc
  .record({
    accountId: anyAccount,
    /** Below zero, the books are closed ahead of the clock. */
    agoMs: fc.constantFrom(0, 0, 60_000, 600_000, -60_000),
    fate: anyFate,
  })
  .map(({ accountId, agoMs, fate }) =>
    command('accrue', { accountId, agoMs, fate }, (world) => {
      world.ledger.lose(fate)
      return accrue(world, accountId, agoMs)
    }),
  )

export const journalCommands = [
  { arbitrary: credits, weight: 30 },
  { arbitrary: refunds, weight: 50 },
  { arbitrary: adjustments, weight: 25 },
  { arbitrary: approvals, weight: 25 },
  { arbitrary: accruals, weight: 60 },
]
