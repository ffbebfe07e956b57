// Streams deliver at least once, in batches that are cut anew at every try.
import fc from 'fast-check'
import { decodeTime } from 'ulid'
import { describe, expect, test } from 'vitest'
import type { Decision } from '../../src/ledger/ports.ts'
import { dayMs } from '../../src/protocol/clock.ts'
import type { SpendStore } from '../../src/spend/ports.ts'
import { type Delivered, type RollUpDeps, rollUp } from '../../src/spend/roll-up.ts'
import { rowsOf, type Tags } from '../../src/spend/rows-of.ts'
import { makeMemorySpend, sumsOf } from '../support/memory-spend.ts'
import { spentDecision } from '../support/spent-decision.ts'

const nowMs = Date.UTC(2026, 10, 21, 5)
const accounts = ['A', 'B', 'C'].map((letter) => `acct_01JABCDEFGHJKMNPQRSTVWXY${letter}1`)
const [accountId = ''] = accounts

const tagsOf = async (id: string): Promise<Tags> =>
  id === accountId ? { team: 'red', site: 'x' } : { team: 'blue' }

const depsOver = (store: Pick<SpendStore, 'countSpend'>): RollUpDeps => ({
  store,
  tagsOf,
  timeOfId: decodeTime,
  nowMs: () => nowMs,
  onFailure: () => undefined,
})

const delivered = (decision: Decision): Delivered => ({
  place: decision.holdId,
  decidedAtMs: nowMs,
  read: () => decision,
})

/** What the receipts themselves come to. */
async function sumsOfReceipts(decisions: readonly Decision[]) {
  const rows = decisions.map(async (decision) => {
    const tags = await tagsOf(decision.accountId)
    return rowsOf({ decision, takenAtMs: decodeTime(decision.holdId), decidedAtMs: nowMs, tags })
  })
  return sumsOf((await Promise.all(rows)).flat())
}

const arbitraryDecision = fc
  .record({
    takenAtMs: fc.integer({ min: nowMs - 3 * dayMs, max: nowMs }),
    accountId: fc.constantFrom(...accounts),
    keyId: fc.constantFrom('key_1', 'key_2', null),
    model: fc.constantFrom('m/1', 'm/2', null),
    charge: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    status: fc.constantFrom('completed', 'partial', 'failed', 'expired'),
  })
  .map(spentDecision)

/** One try of the stream: which records it brings, and where in it the database or the process fails. */
const arbitraryTry = fc.record({
  from: fc.nat(),
  to: fc.nat(),
  isReversed: fc.boolean(),
  isRepeated: fc.boolean(),
  fault: fc.option(
    fc.record({ at: fc.nat({ max: 3 }), when: fc.constantFrom('before', 'after') }),
    { nil: undefined },
  ),
})

describe('the sums are those of the receipts, each counted once', () => {
  test('whatever the order, repetition, cutting and crashing of batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryDecision, { minLength: 1, maxLength: 120 }),
        fc.array(arbitraryTry, { maxLength: 12 }),
        async (decisions, tries) => {
          const { store, rows, batches } = makeMemorySpend()
          const all = decisions.map(delivered)
          for (const { from, to, isReversed, isRepeated, fault } of tries) {
            const cut = all.slice(from % all.length, 1 + (to % all.length))
            const ordered = isReversed ? cut.toReversed() : cut
            let calls = 0
            const failing: SpendStore['countSpend'] = async (batch) => {
              const isFault = calls === fault?.at
              calls += 1
              if (isFault && fault.when === 'before') throw new Error('lost')
              const outcome = await store.countSpend(batch)
              if (isFault) throw new Error('lost reply')
              return outcome
            }
            const deps = depsOver({ countSpend: failing })
            await rollUp(deps, isRepeated ? [...ordered, ...ordered] : ordered)
          }
          expect((await rollUp(depsOver(store), all)).failures).toEqual([])

          expect(sumsOf(rows)).toEqual(await sumsOfReceipts(decisions))
          const itemsMost = Math.max(...batches.map((one) => one.holds.length + one.rows.length))
          expect(itemsMost).toBeLessThanOrEqual(100)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('one batch', () => {
  const decisions = Array.from({ length: 100 }, (_, index) =>
    spentDecision({ takenAtMs: nowMs - index, accountId: accounts[index % 3] ?? '' }),
  )

  test('of a hundred receipts is written in two transactions', async () => {
    const { store, batches } = makeMemorySpend()
    expect(await rollUp(depsOver(store), decisions.map(delivered))).toEqual({
      counted: 100,
      known: 0,
      tooOld: 0,
      failures: [],
    })
    expect(batches).toHaveLength(2)
  })

  test('that came before changes nothing', async () => {
    const { store, rows } = makeMemorySpend()
    await rollUp(depsOver(store), decisions.map(delivered))
    const before = sumsOf(rows)
    const again = await rollUp(depsOver(store), decisions.map(delivered))
    expect(again).toEqual({ counted: 0, known: 100, tooOld: 0, failures: [] })
    expect(sumsOf(rows)).toEqual(before)
  })

  test('with an unreadable receipt names it, and counts the others', async () => {
    const { store } = makeMemorySpend()
    const unreadable: Delivered = {
      place: 'seq-7',
      decidedAtMs: nowMs,
      read: () => {
        throw new Error('no decision')
      },
    }
    const report = await rollUp(depsOver(store), [unreadable, ...decisions.map(delivered)])
    expect(report).toMatchObject({ counted: 100, failures: ['seq-7'] })
  })

  test('names all that was not counted when the database fails, and nothing that was', async () => {
    const { store, rows } = makeMemorySpend()
    let calls = 0
    const countSpend: SpendStore['countSpend'] = async (batch) => {
      calls += 1
      if (calls === 2) throw new Error('throttled')
      return store.countSpend(batch)
    }
    const { counted, failures } = await rollUp(depsOver({ countSpend }), decisions.map(delivered))
    expect(counted).toBeGreaterThan(0)
    expect(failures).toHaveLength(100 - counted)
    const again = decisions.filter(({ holdId }) => failures.includes(holdId)).map(delivered)
    expect(await rollUp(depsOver(store), again)).toMatchObject({ counted: 100 - counted, known: 0 })
    expect(sumsOf(rows)).toEqual(await sumsOfReceipts(decisions))
  })
})

test('a receipt that is too old for its mark to be sure of is left out', async () => {
  const { store, batches } = makeMemorySpend()
  const old = spentDecision({ takenAtMs: nowMs - 35 * dayMs - 1, accountId })
  const last = spentDecision({ takenAtMs: nowMs - 35 * dayMs, accountId })
  const report = await rollUp(depsOver(store), [old, last].map(delivered))
  expect(report).toMatchObject({ counted: 1, tooOld: 1 })
  const [mark] = batches[0]?.holds ?? []
  // Remembered for a day longer than it may be counted.
  expect(mark).toEqual({ holdId: last.holdId, expiresAtSec: (nowMs + dayMs) / 1000 })
})
