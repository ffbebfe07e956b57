/**
 * A gateway's part in a race for one wallet, as a process of its own: it reserves as often as its
 * parent tells it, by a clock of its own, reports what became of each try, and ends what it got
 * when its parent says that all others have tried as well.
 */
import { ulid } from 'ulid'
import * as z from 'zod'
import { makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { makeHoldStore } from '../../src/adapters/dynamodb/hold-store.ts'
import { ids, sleep, timeOfId } from '../../src/adapters/system.ts'
import { countedUse, counterCharges, type KeyCaps } from '../../src/ledger/counters.ts'
import { finishHold } from '../../src/ledger/finish.ts'
import { reserve } from '../../src/ledger/reserve.ts'
import type { Hold } from '../../src/ledger/wallet.ts'
import { formatUsd } from '../../src/money/nano-usd.ts'
import { draft, genuineReceipt } from '../support/genuine-receipt.ts'
import type { Report } from './process-report.ts'

const Order = z.object({
  endpoint: z.url(),
  tables: z.object({
    balances: z.string(),
    keys: z.string(),
    profiles: z.string(),
    receipts: z.string(),
    spend: z.string(),
  }),
  accountId: z.string(),
  /** What this process's clock shows at first; it then runs at the usual speed. */
  clockMs: z.int(),
  tries: z.int(),
  tokens: z.int(),
  amount: z.coerce.bigint(),
  charge: z.coerce.bigint(),
  spendPerDay: z.coerce.bigint().optional(),
  requestsPerMinute: z.int().optional(),
  tokensPerMinute: z.int().optional(),
  concurrency: z.int().optional(),
})

type Order = z.infer<typeof Order>

type Race = {
  readonly tries: readonly Tried[]
  readonly end: (holds: readonly Held[]) => Promise<void>
}
type Held = { readonly holdId: string; readonly hold: Hold }
type Tried = Held | { readonly refusal: string }

async function run(order: Order): Promise<Race> {
  const store = makeHoldStore(makeDatabase(order))
  const offsetMs = order.clockMs - Date.now()
  const nowMs = () => Date.now() + offsetMs
  const { accountId, amount, charge } = order
  const caps: KeyCaps = {
    keyOrdinal: 1,
    spendPerDay: order.spendPerDay,
    spendPerMonth: undefined,
    requestsPerMinute: order.requestsPerMinute,
    tokensPerMinute: order.tokensPerMinute,
    concurrency: order.concurrency,
  }

  const tryOnce = async (): Promise<Tried> => {
    const holdId = ulid(nowMs())
    const use = { amount, tokens: order.tokens }
    const reserved = await reserve(
      { store, repair: async () => false, newNonce: () => ids.token(6), sleep },
      {
        accountId,
        holdId,
        hold: {
          amount,
          expiresAtSec: Math.ceil(nowMs() / 1000) + 420,
          priceVersion: 1,
          counted: countedUse(caps, use),
        },
        keyOrdinal: caps.keyOrdinal,
        charges: counterCharges(caps, use, timeOfId(holdId)),
        dropCounters: [],
      },
    )
    switch (reserved.kind) {
      case 'held':
        return { holdId, hold: reserved.hold }
      case 'unavailable':
        return { refusal: 'unavailable' }
      case 'refused': {
        const { refusal } = reserved
        return { refusal: refusal.kind === 'counter' ? refusal.limit : refusal.kind }
      }
    }
  }

  const endOne = async ({ holdId, hold }: Held): Promise<void> => {
    const own = { request_id: holdId, account_id: accountId, hold_usd: formatUsd(amount) }
    const receipt = genuineReceipt({ charge, private: { ...draft.private, ...own } })
    const decision = { accountId, holdId, nonce: hold.nonce, charge, receipt }
    const finished = await finishHold({ store, sleep, nowMs, timeOfId }, hold, decision)
    if (finished.kind !== 'finished' || !finished.isSettled) throw new Error('not settled')
  }

  return {
    tries: await Promise.all(Array.from({ length: order.tries }, tryOnce)),
    end: async (holds) => void (await Promise.all(holds.map(endOne))),
  }
}

let end: () => Promise<void> = async () => undefined

process.on('message', async (message) => {
  if (message === 'end') {
    await end()
    process.send?.('ended')
    return
  }
  const race = await run(Order.parse(message))
  const held = race.tries.flatMap((one) => ('hold' in one ? [one] : []))
  const report: Report = {
    holdIds: held.map(({ holdId }) => holdId),
    refusals: race.tries.flatMap((one) => ('refusal' in one ? [one.refusal] : [])),
  }
  end = () => race.end(held)
  process.send?.(report)
})
process.send?.('ready')
