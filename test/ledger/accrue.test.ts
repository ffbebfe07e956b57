import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { firstIdAt } from '../../src/adapters/system.ts'
import { accrueAccount, bookAfter, distribute, emptyBook } from '../../src/ledger/accrue.ts'
import { credit } from '../../src/ledger/credit.ts'
import { finishHold } from '../../src/ledger/finish.ts'
import { decisionOf } from '../model/decisions.ts'
import { node, nodes, openMemoryLedger, otherNode, type QuickLedger } from './open-memory-ledger.ts'

let ledger: QuickLedger
let accountId: string
beforeEach(async () => {
  ledger = openMemoryLedger()
  accountId = await ledger.customer(10_000n)
})

const book = () => ledger.memory.closing.readBook(accountId)
const accrual = () => ledger.entries().filter(({ kind }) => kind === 'accrual')
const none = { decisions: 0, isComplete: true }

describe('accruing', () => {
  test('shares each charge between its host, and us', async () => {
    await ledger.charged(accountId, { charge: 1_000n })
    const last = await ledger.charged(accountId, { charge: 100n, nodeId: otherNode })
    expect(await ledger.accrue(accountId)).toEqual({ decisions: 2, isComplete: true })
    expect(await ledger.earnings()).toMatchObject({ accrued: 850n, payable: 850n })
    expect(await ledger.earnings(otherNode)).toMatchObject({ accrued: 85n, payable: 85n })
    expect(await book()).toEqual({
      accountId,
      through: last.holdId,
      charges: 1_100n,
      payable: 935n,
      unpayable: 0n,
      fees: 165n,
      grantsUsed: 0n,
    })
  })

  test('writes one entry for all of it, and names what it is about', async () => {
    const first = await ledger.charged(accountId, { charge: 1_000n })
    const last = await ledger.charged(accountId, { charge: 100n, nodeId: undefined })
    await ledger.accrue(accountId)
    expect(accrual()).toMatchObject([
      {
        reference: `accrual ${accountId} ${last.holdId}`,
        by: 'accrue-earnings',
        about: `${accountId} ${first.holdId} ${last.holdId}`,
        legs: [
          { account: { kind: 'undistributed' }, amount: -1_100n },
          { account: { kind: 'host', owner: node }, amount: 850n },
          { account: { kind: 'unpayable' }, amount: 85n },
          { account: { kind: 'fees' }, amount: 165n },
        ],
      },
    ])
  })

  test('does it once, and then waits for more', async () => {
    await ledger.charged(accountId, { charge: 1_000n })
    await ledger.accrue(accountId)
    expect(await ledger.accrue(accountId)).toEqual(none)
    await ledger.charged(accountId, { charge: 1_000n })
    expect(await ledger.accrue(accountId)).toEqual({ decisions: 1, isComplete: true })
    expect(await ledger.earnings()).toMatchObject({ accrued: 1_700n })
    expect(await book()).toMatchObject({ charges: 2_000n, payable: 1_700n, fees: 300n })
  })

  test('leaves alone what is not older than asked', async () => {
    const { holdId } = await ledger.charged(accountId, { charge: 1_000n })
    expect(await accrueAccount(ledger.accruing, accountId, holdId)).toEqual(none)
    expect(await ledger.wallet(accountId)).toMatchObject({ closedBefore: undefined })
  })

  test('closes nothing where nothing was decided, and for nobody', async () => {
    expect(await ledger.accrue(accountId)).toEqual(none)
    expect(await ledger.accrue('acct_nobody')).toEqual(none)
    expect(await ledger.wallet(accountId)).toMatchObject({ closedBefore: undefined })
    await ledger.charged(accountId, { charge: 1_000n })
    ledger.memory.state.wallets.delete(accountId)
    expect(await ledger.accrue(accountId)).toEqual(none)
    expect(accrual()).toEqual([])
  })

  test('closes the books up to where it was asked to', async () => {
    await ledger.charged(accountId, { charge: 1_000n })
    await ledger.accrue(accountId)
    const closedBefore = firstIdAt(ledger.nowMs())
    expect(await ledger.wallet(accountId)).toMatchObject({ closedBefore })
  })

  test('stops before the first open hold, and goes on when that has ended', async () => {
    await ledger.charged(accountId, { charge: 1_000n })
    const open = await ledger.take(accountId, 1_000n)
    await ledger.charged(accountId, { charge: 1_000n })
    await ledger.take(accountId, 0n)
    expect(await ledger.accrue(accountId)).toEqual({ decisions: 1, isComplete: true })
    const charge = { charge: 1_000n, status: 'completed', nodeId: node } as const
    await finishHold(ledger.finishing, open.hold, decisionOf({ accountId, ...open, ...charge }))
    expect(await ledger.accrue(accountId)).toEqual({ decisions: 2, isComplete: true })
    expect(await ledger.earnings()).toMatchObject({ accrued: 2_550n })
  })

  test('does not take what is decided for what is settled', async () => {
    const open = await ledger.take(accountId, 1_000n)
    const charge = { charge: 1_000n, status: 'completed', nodeId: node } as const
    await ledger.memory.holds.decide(decisionOf({ accountId, ...open, ...charge }))
    expect(await ledger.accrue(accountId)).toEqual(none)
    expect(await ledger.earnings()).toBeUndefined()
  })

  test('takes a page in one transaction, and as many pages as there are', async () => {
    for (let count = 0; count < 81; count += 1) await ledger.charged(accountId, { charge: 10n })
    expect(await ledger.accrue(accountId)).toEqual({ decisions: 81, isComplete: true })
    expect(accrual().map(({ legs }) => legs[0]?.amount)).toEqual([-400n, -400n, -10n])
    expect(await ledger.earnings()).toMatchObject({ accrued: 81n * 8n })
  })

  test('ends after a bounded number of pages, to go on another time', async () => {
    for (let count = 0; count < 2_001; count += 1) await ledger.charged(accountId, { charge: 1n })
    expect(await ledger.accrue(accountId)).toEqual({ decisions: 2_000, isComplete: false })
    expect(await ledger.accrue(accountId)).toEqual({ decisions: 1, isComplete: true })
    expect(await book()).toMatchObject({ charges: 2_001n })
  })

  test('beside another run accrues each charge once', async () => {
    for (let count = 0; count < 50; count += 1) await ledger.charged(accountId, { charge: 10n })
    ledger.moveClock(1_000)
    const before = firstIdAt(ledger.nowMs())
    const runs = [1, 2, 3].map(() => accrueAccount(ledger.accruing, accountId, before))
    const accrued = await Promise.all(runs)
    expect(accrued.reduce((sum, { decisions }) => sum + decisions, 0)).toBe(50)
    expect(accrued.filter(({ isComplete }) => !isComplete)).toHaveLength(2)
    expect(await ledger.earnings()).toMatchObject({ accrued: 400n })
    expect(await book()).toMatchObject({ charges: 500n })
  })

  test('without an answer leaves the rest to the next run', async () => {
    await ledger.charged(accountId, { charge: 1_000n })
    const journal = { post: async () => ({ kind: 'unknown' }) as const }
    const before = firstIdAt(ledger.nowMs() + 1)
    const lost = await accrueAccount({ ...ledger.accruing, journal }, accountId, before)
    expect(lost).toEqual({ decisions: 0, isComplete: false })
    expect(await ledger.accrue(accountId)).toEqual({ decisions: 1, isComplete: true })
  })
})

describe('what earns a host nothing', () => {
  test('is what its own owner paid: we keep our fee, and the rest is for nobody', async () => {
    ledger.own(accountId, otherNode)
    await ledger.charged(accountId, { charge: 1_000n, nodeId: otherNode })
    await ledger.charged(accountId, { charge: 1_000n })
    await ledger.accrue(accountId)
    expect(await ledger.earnings(otherNode)).toBeUndefined()
    expect(await ledger.earnings()).toMatchObject({ accrued: 850n })
    expect(await book()).toMatchObject({ payable: 850n, unpayable: 850n, fees: 300n })
  })

  test('is what a grant paid for, until it is used up', async () => {
    const granted = await ledger.customer(1_500n, 'grant')
    for (let count = 0; count < 1; count += 1) await ledger.charged(granted, { charge: 1_000n })
    await ledger.accrue(granted)
    expect(await ledger.earnings()).toBeUndefined()
    const terms = { accountId: granted, kind: 'top_up', amount: 2_000n } as const
    await credit(ledger.posting, { ...terms, reference: 'payment', by: 'ann' })
    await ledger.charged(granted, { charge: 1_000n })
    await ledger.charged(granted, { charge: 1_000n })
    await ledger.accrue(granted)
    // Half of the second charge, and all of the third one.
    expect(await ledger.earnings()).toMatchObject({ accrued: 425n + 850n })
    expect(await ledger.memory.closing.readBook(granted)).toMatchObject({
      charges: 3_000n,
      grantsUsed: 1_500n,
      unpayable: 850n + 425n,
      fees: 450n,
    })
  })

  test('is what nobody served', async () => {
    await ledger.charged(accountId, { charge: 1_000n, nodeId: undefined })
    await ledger.accrue(accountId)
    expect(await book()).toMatchObject({ payable: 0n, unpayable: 850n, fees: 150n })
  })

  test('is asked once for each node of a page', async () => {
    const asked: string[] = []
    const isOwnTraffic = async (_: string, nodeId: string) => {
      asked.push(nodeId)
      return false
    }
    for (const nodeId of [node, otherNode, node, undefined]) {
      await ledger.charged(accountId, { charge: 10n, nodeId })
    }
    const before = firstIdAt(ledger.nowMs() + 1)
    await accrueAccount({ ...ledger.accruing, isOwnTraffic }, accountId, before)
    expect(asked).toEqual([node, otherNode])
  })
})

describe('distributing', () => {
  const charges = fc.array(
    fc.record({
      charge: fc.bigInt({ min: 0n, max: 1_000n }),
      nodeId: fc.constantFrom(...nodes, undefined),
      hostShareBps: fc.constantFrom(0, 3_333, 8_500, 10_000),
    }),
    { maxLength: 20 },
  )

  test('loses nothing, makes nothing, and uses no more grants than there are', () => {
    fc.assert(
      fc.property(charges, fc.bigInt({ min: 0n, max: 5_000n }), (drawn, grantsLeft) => {
        const decisions = drawn.map((one, index) =>
          decisionOf({
            accountId: 'acct_1',
            holdId: `hold ${index}`,
            status: 'completed',
            hold: { amount: one.charge, nonce: 'nonce' },
            ...one,
          }),
        )
        const isOwn = (nodeId: string) => nodeId === otherNode
        const shares = distribute(decisions, { grantsLeft, isOwn })
        const whole = drawn.reduce((sum, { charge }) => sum + charge, 0n)
        const { payable } = bookAfter(emptyBook('acct_1'), shares, 'hold 1')
        expect(shares.charges).toBe(whole)
        expect(payable + shares.unpayable + shares.fees).toBe(whole)
        expect(shares.grantsUsed).toBe(whole < grantsLeft ? whole : grantsLeft)
        expect([...shares.payable.keys()].every((nodeId) => nodeId === node)).toBe(true)
        expect([...shares.payable.values()].every((amount) => amount > 0n)).toBe(true)
      }),
    )
  })

  test('of nothing is nothing', () => {
    const shares = distribute([], { grantsLeft: 5n, isOwn: () => false })
    const nothing = { charges: 0n, fees: 0n, unpayable: 0n, grantsUsed: 0n, payable: new Map() }
    expect(shares).toEqual(nothing)
  })

  test('begins with a book that is before every charge', () => {
    const sums = { charges: 0n, payable: 0n, unpayable: 0n, fees: 0n, grantsUsed: 0n }
    expect(emptyBook('acct_1')).toEqual({ accountId: 'acct_1', through: '', ...sums })
  })

  test('moves a book on by all of its sums', () => {
    const from = {
      accountId: 'acct_1',
      through: 'hold 1',
      charges: 100n,
      payable: 10n,
      unpayable: 20n,
      fees: 30n,
      grantsUsed: 40n,
    }
    const payable = new Map([
      ['n_1', 1n],
      ['n_2', 2n],
    ])
    const shares = { charges: 15n, fees: 5n, unpayable: 7n, grantsUsed: 4n, payable }
    expect(bookAfter(from, shares, 'hold 2')).toEqual({
      accountId: 'acct_1',
      through: 'hold 2',
      charges: 115n,
      payable: 13n,
      unpayable: 27n,
      fees: 35n,
      grantsUsed: 44n,
    })
  })
})
