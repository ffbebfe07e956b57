import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeClosingStore } from '../../../src/adapters/dynamodb/closing-store.ts'
import type { Decision } from '../../../src/ledger/ports.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { draft, genuineReceipt } from '../../support/genuine-receipt.ts'
import { anAccountId } from './facts.ts'
import { withFaults } from './faults.ts'
import { type OpenJournal, openJournal } from './open-journal.ts'

let engine: EmbeddedDynamodb
let open: OpenJournal
let closing: OpenJournal['closing']
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  open = openJournal(engine)
  closing = open.closing
})
afterAll(() => engine.stop())

const hold = (letter: string) => `01M0000000000000000000000${letter}`

async function decided(accountId: string, ...letters: readonly string[]): Promise<Decision[]> {
  const decisions = letters.map((letter): Decision => {
    const holdId = hold(letter)
    const own = { request_id: holdId, account_id: accountId }
    const receipt = genuineReceipt({ charge: 40n, private: { ...draft.private, ...own } })
    return { accountId, holdId, nonce: 'nonce', charge: 40n, receipt }
  })
  for (const decision of decisions) {
    expect(await open.holds.decide(decision)).toEqual({ kind: 'decided' })
  }
  return decisions
}

describe('closing an account', () => {
  test('shows the wallet with its close, and everything else as it was', async () => {
    const accountId = await open.customerWith(250n)
    const before = await open.readWallet(accountId)
    const closed = await closing.closeBefore(accountId, hold('B'))
    expect(closed).toEqual({ ...before, closedBefore: hold('B') })
    expect(await open.readWallet(accountId)).toEqual(closed)
  })

  test('moves on and never back', async () => {
    const accountId = await open.customerWith(0n)
    const closedBy = async (letter: string) =>
      (await closing.closeBefore(accountId, hold(letter)))?.closedBefore
    expect(await closedBy('B')).toBe(hold('B'))
    expect(await closedBy('A')).toBe(hold('B'))
    expect(await closedBy('B')).toBe(hold('B'))
    expect(await closedBy('C')).toBe(hold('C'))
  })

  test('makes no wallet where there is none', async () => {
    const nobody = anAccountId()
    expect(await closing.closeBefore(nobody, hold('B'))).toBeUndefined()
    expect(await open.readWallet(nobody)).toBeUndefined()
  })

  test('of a wallet that breaks a promise fails', async () => {
    const accountId = await open.customerWith(0n)
    await open.alterWallet(accountId, 'funded', 1n)
    await expect(closing.closeBefore(accountId, hold('B'))).rejects.toThrow('S2')
  })
})

describe('the decisions between two holds', () => {
  const found = async (range: {
    accountId: string
    after?: string
    before: string
    limit?: number
  }) =>
    (await closing.decisionsBetween({ after: undefined, limit: 10, ...range })).map(({ holdId }) =>
      holdId.at(-1),
    )

  test('come in order, without either bound', async () => {
    const accountId = anAccountId()
    const [, second, third] = await decided(accountId, 'A', 'B', 'C', 'D')
    await decided(anAccountId(), 'B')
    const range = { accountId, after: hold('A'), before: hold('D'), limit: 10 }
    expect(await closing.decisionsBetween(range)).toEqual([second, third])
  })

  test('begin with the first one where nothing bounds them', async () => {
    const accountId = anAccountId()
    await decided(accountId, 'A', 'B')
    expect(await found({ accountId, before: hold('C') })).toEqual(['A', 'B'])
    expect(await found({ accountId, after: '', before: hold('B') })).toEqual(['A'])
  })

  test('have bounds that need not exist', async () => {
    const accountId = anAccountId()
    await decided(accountId, 'B', 'D')
    expect(await found({ accountId, after: hold('A'), before: hold('E') })).toEqual(['B', 'D'])
    expect(await found({ accountId, after: hold('C'), before: hold('C') })).toEqual([])
    expect(await found({ accountId, after: hold('E'), before: hold('A') })).toEqual([])
  })

  test.each([1, 2, 3, 4, 5])('are at most so many: %i', async (limit) => {
    const accountId = anAccountId()
    await decided(accountId, 'A', 'B', 'C', 'D', 'E')
    const expected = ['B', 'C', 'D', 'E'].slice(0, limit)
    expect(await found({ accountId, after: hold('A'), before: hold('F'), limit })).toEqual(expected)
  })

  test('are complete however little the database answers at a time', async () => {
    const accountId = anAccountId()
    await decided(accountId, 'A', 'B', 'C', 'D', 'E')
    const paged = withFaults(engine, ({ command, input }) => {
      if (command === 'Query') Object.assign(input, { Limit: 1 })
    })
    const range = { accountId, after: hold('A'), before: hold('E'), limit: 10 }
    const decisions = await makeClosingStore(paged).decisionsBetween(range)
    expect(decisions.map(({ holdId }) => holdId)).toEqual(['B', 'C', 'D'].map(hold))
  })
})

describe('the place of a schedule', () => {
  test('is none at first, moves on, and is none again at the end of a round', async () => {
    expect(await closing.readPlace('accrue-earnings')).toBeUndefined()
    await closing.writePlace('accrue-earnings', 'acct_1')
    expect(await closing.readPlace('accrue-earnings')).toBe('acct_1')
    expect(await closing.readPlace('close-payouts')).toBeUndefined()
    await closing.writePlace('accrue-earnings', undefined)
    expect(await closing.readPlace('accrue-earnings')).toBeUndefined()
  })
})
