import { beforeEach, describe, expect, test } from 'vitest'
import type { Payout } from '../../src/ledger/journal-ports.ts'
import { claimLate } from '../../src/ledger/late-claim.ts'
import { closePayout, confirmPayout, releaseEscrow } from '../../src/ledger/payout.ts'
import { node, openMemoryLedger, otherNode, type QuickLedger } from './open-memory-ledger.ts'

let ledger: QuickLedger
let accountId: string
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(10_000n)
})

/** What the node has earned then. */
async function earned(share: bigint) {
  await ledger.charged(accountId, { charge: share, hostShareBps: 10_000 })
  await ledger.accrue(accountId)
}
const close = (period: string, nodeId: string = node) =>
  closePayout(ledger.paying, { nodeId, period })
const confirm = (state: 'paid' | 'returned', transferId = 'transfer 1', period = 'monday') =>
  confirmPayout(ledger.paying, { nodeId: node, period }, { state, transferId, by: 'bank' })
const lost = { post: async () => ({ kind: 'unknown' }) as const }

describe('closing a period', () => {
  test('sends off all that is payable', async () => {
    await earned(100n)
    const payout: Payout = {
      nodeId: node,
      period: 'monday',
      amount: 100n,
      state: 'in_transit',
      closedAtMs: ledger.nowMs(),
      transferId: undefined,
    }
    expect(await close('monday')).toEqual({ kind: 'closed', payout })
    expect(await ledger.memory.journal.readPayout(node, 'monday')).toEqual(payout)
    expect(await ledger.earnings()).toMatchObject({ payable: 0n, inTransit: 100n, accrued: 100n })
    expect(ledger.entries().at(-1)).toMatchObject({
      kind: 'payout',
      by: 'close-payouts',
      about: 'monday',
      reference: `payout ${node} monday`,
      legs: [
        { account: { kind: 'host', owner: node }, amount: -100n },
        { account: { kind: 'in_transit', owner: node }, amount: 100n },
      ],
    })
  })

  test.each([node, otherNode])(
    'of a node that has earned nothing sends nothing',
    async (nodeId) => {
      expect(await close('monday', nodeId)).toEqual({ kind: 'nothing_payable' })
      expect(await ledger.memory.journal.readPayout(nodeId, 'monday')).toBeUndefined()
    },
  )

  test('happens once; what is earned later goes with the next period', async () => {
    await earned(100n)
    await close('monday')
    await earned(50n)
    expect(await close('monday')).toEqual({ kind: 'closed_before' })
    expect(await close('tuesday')).toMatchObject({ kind: 'closed', payout: { amount: 50n } })
    expect(await ledger.earnings()).toMatchObject({ payable: 0n, inTransit: 150n })
  })

  test('at the same time happens once', async () => {
    await earned(100n)
    const closed = await Promise.all([close('monday'), close('monday'), close('tuesday')])
    expect(closed.map(({ kind }) => kind).sort()).toEqual(['closed', 'closed_before', 'contended'])
    expect(await ledger.earnings()).toMatchObject({ payable: 0n, inTransit: 100n })
  })

  test('after a change that came between leaves it to the next run', async () => {
    await earned(100n)
    const readEarnings = async () => {
      const earnings = await ledger.earnings()
      return earnings && { ...earnings, payable: 101n }
    }
    const paying = { ...ledger.paying, journal: { ...ledger.paying.journal, readEarnings } }
    const closed = await closePayout(paying, { nodeId: node, period: 'monday' })
    expect(closed).toEqual({ kind: 'contended' })
    expect(await ledger.earnings()).toMatchObject({ payable: 100n, inTransit: 0n })
  })

  test('without an answer is not known', async () => {
    await earned(100n)
    const paying = { ...ledger.paying, journal: { ...ledger.paying.journal, ...lost } }
    const at = { nodeId: node, period: 'monday' }
    expect(await closePayout(paying, at)).toEqual({ kind: 'unavailable' })
  })
})

describe('a transfer', () => {
  beforeEach(async () => {
    await earned(100n)
    await close('monday')
  })

  test.each([
    ['paid', { payable: 0n, inTransit: 0n, paid: 100n }, 'payout_paid', { kind: 'wash' }],
    [
      'returned',
      { payable: 100n, inTransit: 0n, paid: 0n },
      'payout_returned',
      { kind: 'host', owner: node },
    ],
  ] as const)('that is %s', async (state, earnings, kind, to) => {
    const payout = { nodeId: node, period: 'monday', amount: 100n, state, transferId: 'transfer 1' }
    expect(await confirm(state)).toMatchObject({ kind: 'confirmed', payout })
    expect(await ledger.memory.journal.readPayout(node, 'monday')).toMatchObject(payout)
    expect(await ledger.earnings()).toMatchObject({ ...earnings, accrued: 100n })
    expect(ledger.entries().at(-1)).toMatchObject({
      kind,
      by: 'bank',
      about: 'monday transfer 1',
      reference: `payout ${node} monday confirmed`,
      legs: [
        { account: { kind: 'in_transit', owner: node }, amount: -100n },
        { account: to, amount: 100n },
      ],
    })
  })

  test('that came back goes out with the next period', async () => {
    await confirm('returned')
    expect(await close('monday')).toEqual({ kind: 'closed_before' })
    expect(await close('tuesday')).toMatchObject({ kind: 'closed', payout: { amount: 100n } })
    expect(await confirm('paid', 'transfer 2', 'tuesday')).toMatchObject({ kind: 'confirmed' })
    expect(await ledger.earnings()).toMatchObject({ paid: 100n, payable: 0n, inTransit: 0n })
  })

  test.each([
    ['paid', 'paid', 'transfer 1', 'confirmed'],
    ['paid', 'paid', 'transfer 2', 'conflict'],
    ['paid', 'returned', 'transfer 1', 'conflict'],
    ['returned', 'returned', 'transfer 1', 'confirmed'],
    ['returned', 'paid', 'transfer 1', 'conflict'],
  ] as const)('that is %s and then %s by %s: %s', async (first, then, transferId, kind) => {
    await confirm(first)
    const before = await ledger.earnings()
    const payout = { state: first, transferId: 'transfer 1' }
    expect(await confirm(then, transferId)).toMatchObject({ kind, payout })
    expect(await ledger.earnings()).toEqual(before)
  })

  test('that nobody sent off is none', async () => {
    expect(await confirm('paid', 'transfer 1', 'tuesday')).toEqual({ kind: 'no_payout' })
  })

  test('that is gone when its confirmation was refused is none', async () => {
    const payout = await ledger.memory.journal.readPayout(node, 'monday')
    const found = [payout, undefined]
    const refused = { post: async () => ({ kind: 'refused', by: 'earnings' }) as const }
    const journal = { ...ledger.paying.journal, ...refused, readPayout: async () => found.shift() }
    const at = { nodeId: node, period: 'monday' }
    const word = { state: 'paid', transferId: 'transfer 1', by: 'bank' } as const
    expect(await confirmPayout({ ...ledger.paying, journal }, at, word)).toEqual({
      kind: 'no_payout',
    })
  })

  test('whose confirmation got no answer is not known', async () => {
    const paying = { ...ledger.paying, journal: { ...ledger.paying.journal, ...lost } }
    const at = { nodeId: node, period: 'monday' }
    const word = { state: 'paid', transferId: 'transfer 1', by: 'bank' } as const
    expect(await confirmPayout(paying, at, word)).toEqual({ kind: 'unavailable' })
    expect(await confirm('paid')).toMatchObject({ kind: 'confirmed' })
  })
})

describe('escrow', () => {
  const weekMs = 7 * 24 * 60 * 60_000
  const price = {
    promptNanoUsdPerMTok: 1_000_000n,
    cachedPromptNanoUsdPerMTok: 1_000_000n,
    completionNanoUsdPerMTok: 1_000_000n,
    hostShareBps: 10_000,
  }
  async function claimed(nodeId: string = node): Promise<string> {
    const holdId = await ledger.expired(accountId, 50n)
    const usage = { prompt: 50, cached_prompt: 0, completion: 0 }
    const ticketHash = `ticket of ${holdId}`
    const terms = { ticketHash, nodeId, holdId, usage, price, maxTokens: 1, choices: 1 }
    const { kind } = await claimLate(ledger.claiming, terms)
    expect(kind).toBe('escrowed')
    return ticketHash
  }

  test('is released when its wait is over, to the millisecond, and once', async () => {
    const ticketHash = await claimed()
    ledger.moveClock(weekMs - 1)
    expect(await releaseEscrow(ledger.paying, node)).toBe(0)
    ledger.moveClock(1)
    expect(await releaseEscrow(ledger.paying, node)).toBe(1)
    expect(await releaseEscrow(ledger.paying, node)).toBe(0)
    expect(await ledger.earnings()).toMatchObject({ escrowed: 0n, payable: 50n, accrued: 50n })
    expect(await ledger.memory.journal.readLateClaim(ticketHash)).toMatchObject({
      state: 'released',
    })
    expect(ledger.entries().at(-1)).toMatchObject({
      kind: 'late_release',
      by: 'close-payouts',
      about: ticketHash,
      reference: `late release ${ticketHash}`,
      legs: [
        { account: { kind: 'escrow', owner: node }, amount: -50n },
        { account: { kind: 'host', owner: node }, amount: 50n },
      ],
    })
  })

  test('of another node, and of later claims, goes on waiting', async () => {
    await claimed()
    await claimed(otherNode)
    ledger.moveClock(weekMs / 2)
    await claimed()
    ledger.moveClock(weekMs / 2)
    expect(await releaseEscrow(ledger.paying, node)).toBe(1)
    expect(await ledger.earnings()).toMatchObject({ escrowed: 50n, payable: 50n })
    expect(await ledger.earnings(otherNode)).toMatchObject({ escrowed: 50n, payable: 0n })
  })

  test('asks for a bounded page', async () => {
    const limits: number[] = []
    const listEscrowed = async (_: string, limit: number) => {
      limits.push(limit)
      return []
    }
    const journal = { ...ledger.paying.journal, listEscrowed }
    expect(await releaseEscrow({ ...ledger.paying, journal }, node)).toBe(0)
    expect(limits).toEqual([100])
  })

  test('that was released meanwhile is not counted', async () => {
    await claimed()
    ledger.moveClock(weekMs)
    const runs = [1, 2].map(() => releaseEscrow(ledger.paying, node))
    expect((await Promise.all(runs)).sort()).toEqual([0, 1])
    expect(await ledger.earnings()).toMatchObject({ payable: 50n })
  })
})
