import { decodeTime } from 'ulid'
import { expect, test } from 'vitest'
import type { Decision } from '../../src/ledger/ports.ts'
import { dayMs } from '../../src/protocol/clock.ts'
import { type RecountDeps, recountAccount } from '../../src/spend/recount.ts'
import { makeMemorySpend } from '../support/memory-spend.ts'
import { spentDecision } from '../support/spent-decision.ts'

const nowMs = Date.UTC(2026, 10, 21, 5)
const accountId = 'acct_01JABCDEFGHJKMNPQRSTVWXYZ1'

/** Newest first, as the store answers. */
function depsOver(
  receipts: readonly Decision[],
  store: RecountDeps['store'],
  unreadable?: Decision,
): RecountDeps {
  return {
    store,
    tagsOf: async () => ({}),
    timeOfId: decodeTime,
    nowMs: () => nowMs,
    onFailure: ({ place, error }) => {
      if (place !== unreadable?.holdId) throw error
    },
    receipts: {
      listUnread: async (_, { limit, after = '~' }) => {
        const older = receipts.filter(({ holdId }) => holdId < after)
        const items = older.slice(0, limit).map((decision) => ({
          holdId: decision.holdId,
          read: () => {
            if (decision === unreadable) throw new Error('no receipt that can be read')
            return decision
          },
        }))
        return { items, next: older.length > limit ? items.at(-1)?.holdId : undefined }
      },
    },
  }
}

const receiptsEvery = (ms: number, count: number) =>
  Array.from({ length: count }, (_, index) =>
    spentDecision({ takenAtMs: nowMs - index * ms, accountId }),
  )

test('an account is counted over calls of 2,000 receipts, each going on where the last one ended', async () => {
  const { store, rows } = makeMemorySpend()
  const deps = depsOver(receiptsEvery(1_000, 2_150), store)
  const first = await recountAccount(deps, { accountId, after: undefined })
  expect(first).toMatchObject({ counted: 2_000, known: 0, next: expect.any(String) })
  const second = await recountAccount(deps, { accountId, after: first.next })
  expect(second).toEqual({ counted: 150, known: 0, failed: 0, next: undefined })
  const again = await recountAccount(deps, { accountId, after: undefined })
  expect(again).toMatchObject({ counted: 0, known: 2_000 })
  const requests = rows.filter(({ dimension }) => dimension === 'all')
  expect(requests.reduce((sum, { spend }) => sum + spend.requests, 0n)).toBe(2_150n)
})

test('one that cannot be read keeps none of the others from being counted', async () => {
  const { store } = makeMemorySpend()
  const receipts = receiptsEvery(1_000, 150)
  const deps = depsOver(receipts, store, receipts[20])
  const done = await recountAccount(deps, { accountId, after: undefined })
  expect(done).toEqual({ counted: 149, known: 0, failed: 1, next: undefined })
})

test('it ends with the first page that goes behind what may still be counted', async () => {
  const { store } = makeMemorySpend()
  const deps = depsOver(receiptsEvery(dayMs, 250), store)
  const done = await recountAccount(deps, { accountId, after: undefined })
  // Today's and those of the 35 days before.
  expect(done).toEqual({ counted: 36, known: 0, failed: 0, next: undefined })
})
