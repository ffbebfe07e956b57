import { describe, expect, test } from 'vitest'
import {
  type BillingDeps,
  listUsage,
  toCsv,
  toNdjson,
  type UsageEntry,
} from '../../src/gateway/billing.ts'
import type { UsageFilter } from '../../src/gateway/usage-query.ts'
import { type Entry, move } from '../../src/ledger/journal.ts'
import type { Decision, Page, Paged } from '../../src/ledger/ports.ts'
import { genuineReceipt } from '../support/genuine-receipt.ts'

const accountId = 'acct_01JABCDEFGHJKMNPQRSTVWXYZ1'
/** Ids of this ledger sort by their number, as real ones do by time. */
const idOf = (time: number) => `01J${String(time).padStart(23, '0')}`

const charge = (time: number): Decision => ({
  accountId,
  holdId: idOf(time),
  nonce: 'n',
  charge: 1_500n,
  receipt: genuineReceipt(),
})
const customer = { kind: 'customer', owner: accountId } as const
const topUp = (time: number): Entry => ({
  entryId: idOf(time),
  kind: 'top_up',
  legs: move(10_000_000_000n, { kind: 'wash' }, customer),
  reference: `payment-${time}`,
  atMs: time,
  by: 'key_1',
  about: '',
})

/** A page of `all`, newest first, as the stores answer one. */
function paged<T>(all: readonly T[], idOfItem: (item: T) => string, page: Page): Paged<T> {
  const { after, limit } = page
  const newestFirst = all.toSorted((one, other) => (idOfItem(one) < idOfItem(other) ? 1 : -1))
  const older = newestFirst.filter((item) => after === undefined || idOfItem(item) < after)
  const items = older.slice(0, limit)
  const last = items.at(-1)
  return { items, next: older.length > limit && last ? idOfItem(last) : undefined }
}

function ledgerOf(charges: readonly number[], entries: readonly Entry[]): BillingDeps {
  return {
    wallets: { readWallet: async () => undefined },
    receipts: {
      listReceipts: async (_, page) => paged(charges.map(charge), ({ holdId }) => holdId, page),
    },
    journal: { listEntries: async (_, page) => paged(entries, ({ entryId }) => entryId, page) },
    timeOfId: (id) => Number(id.slice(3)),
  }
}

async function allPages(
  deps: BillingDeps,
  limit: number,
  filter: UsageFilter = {},
): Promise<string[][]> {
  const pages: string[][] = []
  let after: string | undefined
  do {
    const { entries, next } = await listUsage(deps, accountId, { limit, after }, filter)
    pages.push(entries.map(({ id }) => id))
    after = next
  } while (after !== undefined && pages.length < 20)
  return pages
}

describe('the ledger of a customer', () => {
  test('merges charges and all other entries by time, newest first', async () => {
    const { entries, next } = await listUsage(ledgerOf([1, 3], [0, 2].map(topUp)), accountId, {
      limit: 10,
      after: undefined,
    })
    expect(entries.map(({ id, type, amount_usd }) => [id, type, amount_usd])).toEqual([
      [idOf(3), 'charge', '-0.0000015'],
      [idOf(2), 'top_up', '10'],
      [idOf(1), 'charge', '-0.0000015'],
      [idOf(0), 'top_up', '10'],
    ])
    expect(next).toBeUndefined()
  })

  test('says of each entry what it was', async () => {
    const page = { limit: 10, after: undefined }
    const { entries } = await listUsage(ledgerOf([2], [topUp(1)]), accountId, page)
    const { receipt } = charge(2)
    expect(entries).toEqual([
      {
        id: idOf(2),
        at: '1970-01-01T00:00:00.002Z',
        type: 'charge',
        amount_usd: '-0.0000015',
        model: 'maker/model',
        key_id: receipt.private.key_id,
        prompt_tokens: 120,
        completion_tokens: 34,
        status: 'completed',
        receipt_hash: receipt.receipt_hash,
        reference: null,
      },
      {
        id: idOf(1),
        at: '1970-01-01T00:00:00.001Z',
        type: 'top_up',
        amount_usd: '10',
        model: null,
        key_id: null,
        prompt_tokens: 0,
        completion_tokens: 0,
        status: null,
        receipt_hash: null,
        reference: 'payment-1',
      },
    ])
  })

  test('shows of a refund or an adjustment what this customer gained by it, or lost', async () => {
    const refund: Entry = {
      ...topUp(2),
      kind: 'refund',
      legs: [
        { account: { kind: 'host', owner: 'n_1' }, amount: -800n },
        { account: { kind: 'fees' }, amount: -200n },
        { account: customer, amount: 1_000n },
      ],
    }
    const adjustment: Entry = {
      ...topUp(1),
      kind: 'adjustment',
      legs: move(5_000n, customer, { kind: 'adjustments' }),
    }
    const page = { limit: 10, after: undefined }
    const { entries } = await listUsage(ledgerOf([], [refund, adjustment]), accountId, page)
    expect(entries.map(({ type, amount_usd }) => [type, amount_usd])).toEqual([
      ['refund', '0.000001'],
      ['adjustment', '-0.000005'],
    ])
  })

  test.each([
    ['evenly mixed', [0, 2, 4, 6, 8], [1, 3, 5, 7]],
    ['top-ups first', [5, 6, 7, 8], [0, 1, 2, 3, 4]],
    ['top-ups last', [0, 1, 2, 3], [4, 5, 6, 7, 8]],
    ['charges alone', [0, 1, 2, 3, 4, 5, 6, 7, 8], []],
    ['in clumps', [0, 1, 5, 6, 7], [2, 3, 4, 8]],
  ])('comes in pages without gap or repeat: %s', async (_, charges, topUps) => {
    const everything = [...charges, ...topUps].sort((one, other) => other - one).map(idOf)
    for (const limit of [1, 2, 3, 4, 9, 100]) {
      const pages = await allPages(ledgerOf(charges, topUps.map(topUp)), limit)
      expect(pages.flat()).toEqual(everything)
      expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true)
    }
  })

  test('under a filter shows what fits of each page, and goes on past pages where nothing does', async () => {
    const deps = ledgerOf([0, 1, 4, 5, 6, 8], [2, 3, 7].map(topUp))
    const { body, private: own } = charge(1).receipt
    const charges = [[8], [6, 5], [4], [1], [0]].map((page) => page.map(idOf))
    expect(await allPages(deps, 2, { model: body.model ?? '', keyId: own.key_id ?? '' })).toEqual(
      charges,
    )
    const none = await allPages(deps, 2, { model: 'maker/other' })
    expect(none).toEqual([[], [], [], [], []])
    expect(await allPages(deps, 2, { keyId: 'key_other' })).toEqual(none)
  })

  test('from a time on ends with the page that goes behind it', async () => {
    const deps = ledgerOf([0, 2, 4, 6, 8], [1, 3, 5, 7].map(topUp))
    const pages = await allPages(deps, 2, { sinceId: idOf(3) })
    expect(pages).toEqual([[8, 7], [6, 5], [4, 3], []].map((page) => page.map(idOf)))
  })
})

const entry: UsageEntry = {
  id: idOf(1),
  at: '1970-01-01T00:00:00.001Z',
  type: 'grant',
  amount_usd: '-0.5',
  model: null,
  key_id: null,
  prompt_tokens: 1,
  completion_tokens: 2,
  status: null,
  receipt_hash: null,
  reference: null,
}
const head =
  'id,at,type,amount_usd,model,key_id,prompt_tokens,completion_tokens,status,receipt_hash,reference'

describe('as CSV', () => {
  test('has a head, CRLF, and nothing where nothing is known', () => {
    expect(toCsv([])).toBe(`${head}\r\n`)
    expect(toCsv([entry])).toBe(
      `${head}\r\n${idOf(1)},1970-01-01T00:00:00.001Z,grant,-0.5,,,1,2,,,\r\n`,
    )
  })

  test.each([
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['two\r\nlines', '"two\r\nlines"'],
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1', "'+1"],
    ['-1+2', "'-1+2"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['-12.5', '-12.5'],
    ['a=b', 'a=b'],
  ])('%j is %j', (reference, field) => {
    const row = toCsv([{ ...entry, reference }]).slice(head.length + 2, -2)
    expect(row.split('grant,-0.5,,,1,2,,,')[1]).toBe(field)
  })
})

test('as NDJSON it is a line for each entry', () => {
  const other = { ...entry, reference: 'two\nlines' }
  expect(toNdjson([entry, other])).toBe(`${JSON.stringify(entry)}\n${JSON.stringify(other)}\n`)
  expect(toNdjson([])).toBe('')
})
