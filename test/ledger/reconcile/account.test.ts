/**
 * What the reconciler is for: every kind of wrong book, planted in real stored items behind the
 * ledger's back, is found, named by the promise that it breaks and by the record that breaks it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { firstIdAt } from '../../../src/adapters/system.ts'
import { splitOf } from '../../../src/ledger/charge.ts'
import { credit } from '../../../src/ledger/credit.ts'
import { finishHold } from '../../../src/ledger/finish.ts'
import { move } from '../../../src/ledger/journal.ts'
import type { Decision } from '../../../src/ledger/ports.ts'
import { post } from '../../../src/ledger/post.ts'
import { refund } from '../../../src/ledger/refund.ts'
import { generatePrivateKey, makeSigner } from '../../../src/protocol/ed25519.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { graceMs, leaseMs, minuteMs } from '../open-ledger.ts'
import {
  holdAmount,
  openReconciledLedger,
  type ReconciledLedger,
  resigned,
  serving,
} from './open-reconciled-ledger.ts'

const hourMs = 60 * minuteMs

let engine: EmbeddedDynamodb
let ledger: ReconciledLedger
let accountId: string
let nodeId: string
/** Accrued; the grant paid for all of it. */
let old: Decision
/** Accrued too, out of paid money in part. */
let second: Decision
/** Too young to be final. */
let young: Decision

beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
afterAll(() => engine.stop())

/** Money in, three charges of which two are accrued, a refund, a payout; and all of it in order. */
beforeEach(async () => {
  ledger = await openReconciledLedger(engine)
  accountId = await ledger.customer(1_000_000n)
  const grant = { accountId, kind: 'grant', amount: 40_000n, reference: `g ${accountId}` } as const
  await credit(ledger.posting, { ...grant, by: 'test' })
  old = await ledger.served(accountId)
  ledger.moveClock(1)
  second = await ledger.served(accountId)
  nodeId = splitOf(second).nodeId ?? 'nobody'
  const back = { amount: 1_000n, bearer: 'platform', reference: `r ${accountId}`, by: 'test' }
  const refunding = { ...ledger.accruing, closing: ledger.closing, wallets: ledger.sweeps }
  await refund(refunding, old, { ...back, bearer: 'platform' })
  ledger.moveClock(leaseMs + graceMs + 10 * minuteMs)
  expect(await ledger.accrue()).toMatchObject({ decisions: 2, failed: 0, stopped: 'done' })
  expect(await ledger.pay()).toMatchObject({ closed: 1 })
  young = await ledger.served(accountId)
})

const wallet = () => ({ pk: accountId, sk: 'wallet#0' })
const book = () => ({ pk: accountId, sk: 'book' })
const earnings = () => ({ pk: `host#${nodeId}`, sk: 'earnings' })
const receipt = ({ holdId }: Decision) => ({ pk: accountId, sk: holdId })

async function walletNow() {
  const now = await ledger.sweeps.readWallet(accountId)
  if (!now) throw new Error('no wallet')
  return now
}

async function entriesOf(kind: 'top_up' | 'grant' | 'refund') {
  const page = { limit: 100, after: undefined }
  const { items } = await ledger.journal.listEntries({ kind: 'customer', accountId }, page)
  const entry = items.find((one) => one.kind === kind)
  if (!entry) throw new Error(`no ${kind}`)
  return { entry, key: { pk: accountId, sk: `entry#${entry.entryId}` } }
}

const legsAs = (amounts: readonly [string, bigint][]) =>
  amounts.map(([account, amount]) => ({ account, amount }))

test('a ledger in order has no discrepancy', async () => {
  expect(await ledger.reconcile()).toEqual({
    accounts: 1,
    nodes: 1,
    unfinished: 0,
    contended: 0,
    failed: 0,
    discrepancies: 0,
    stopped: 'done',
    found: [],
  })
  expect(ledger.publishedCounts).toEqual([{ discrepancies: 0, accounts: 1 }])
})

describe('no discrepancy is', () => {
  test('a charge whose money has not moved yet, though the books are closed behind it', async () => {
    const order = await ledger.take(ledger.reservation(accountId, holdAmount))
    await ledger.holds.decide(serving(order))
    ledger.moveClock(1)
    await ledger.closing.closeBefore(accountId, firstIdAt(ledger.nowMs()))
    expect(await invariantsFound()).toEqual([])
  })

  test('a twin, open under the id of a charge', async () => {
    const order = ledger.reservation(accountId, holdAmount)
    const taken = await ledger.take(order)
    await finishHold(ledger.finishing, taken.hold, serving(taken))
    expect(await ledger.holds.reserve(order)).toEqual({ kind: 'held' })
    expect(await invariantsFound()).toEqual([])
  })

  test('an account in which nothing ever happened', async () => {
    await ledger.customer(0n)
    expect(await ledger.reconcile()).toMatchObject({ accounts: 2, found: [] })
  })
})

describe('a wallet', () => {
  test.each([
    ['with a negative amount', { available: -1n }, 'S1 no negative amounts'],
    ['whose amounts are not what came in', { available: 5n }, 'S2 conservation'],
  ])('%s', async (_, fields, invariant) => {
    await ledger.alter(wallet(), fields)
    const { found } = await ledger.reconcile()
    expect(found).toEqual([{ accountId, recordId: 'wallet#0', invariant, detail: detail() }])
  })

  test('that holds money for nobody', async () => {
    const { available } = await walletNow()
    await ledger.alter(wallet(), { available: available - 9n, held: 9n })
    expect(await invariantsFound()).toEqual(['S3 held is the sum of open holds'])
  })

  test.each([
    ['more', 7n],
    ['less', -7n],
  ])('with %s money than its entries brought', async (_, by) => {
    const { available, funded } = await walletNow()
    await ledger.alter(wallet(), { available: available + by, funded: funded + by })
    expect(await invariantsFound()).toEqual(['S2 funded is the sum of entries'])
  })

  test('with more grants than its entries brought', async () => {
    const { granted } = await walletNow()
    await ledger.alter(wallet(), { granted: granted + 1n })
    expect(await invariantsFound()).toEqual(['S2 granted is the sum of grants'])
  })

  test.each([
    ['more', 1n],
    ['less', -1n],
  ])('that spent %s than its receipts say', async (_, by) => {
    const { available, spent } = await walletNow()
    await ledger.alter(wallet(), { available: available - by, spent: spent + by })
    const { found } = await ledger.reconcile()
    const invariant = 'S7 spent is the sum of applied charges'
    expect(found).toEqual([{ accountId, recordId: null, invariant, detail: detail() }])
  })
})

describe('an entry', () => {
  test('whose legs do not sum to zero', async () => {
    const { entry, key } = await entriesOf('top_up')
    const legs = legsAs([
      ['wash', -1_000_000n],
      [`customer:${accountId}`, 1_000_001n],
    ])
    await ledger.alter(key, { legs })
    const { found } = await ledger.reconcile()
    const invariant = 'S5 legs sum to zero'
    expect(found).toContainEqual({
      accountId,
      recordId: entry.entryId,
      invariant,
      detail: detail(),
    })
  })

  test('between accounts that may not post to each other', async () => {
    const { entry, key } = await entriesOf('grant')
    const legs = legsAs([
      ['fees', -40_000n],
      [`customer:${accountId}`, 40_000n],
    ])
    await ledger.alter(key, { legs })
    const { found } = await ledger.reconcile()
    const invariant = 'S5 these accounts may post to each other'
    expect(found).toContainEqual({
      accountId,
      recordId: entry.entryId,
      invariant,
      detail: detail(),
    })
  })

  test('that is gone', async () => {
    const { key } = await entriesOf('grant')
    const { client, tables } = ledger.database
    await client.delete({ TableName: tables.balances, Key: key })
    expect(await invariantsFound()).toEqual([
      'S2 funded is the sum of entries',
      'S2 granted is the sum of grants',
    ])
  })

  test.each([
    ['above its charge', () => old, 'S8 refunds are at most the charge'],
    ['of no charge', () => undefined, 'S8 refunds are at most the charge'],
  ])('that gives back money %s', async (_, of, invariant) => {
    // Without the guard that every refund carries.
    const about = of()?.holdId ?? '01JABCDEFGHJKMNPQRSTVWXYZ0'
    const legs = move(36_000n, { kind: 'shortfall' }, { kind: 'customer', owner: accountId })
    const draft = { kind: 'refund', legs, reference: 'unguarded', by: 'test', about } as const
    const posted = await post(ledger.posting, draft)
    const recordId = posted.kind === 'posted' ? posted.entry.entryId : posted.kind
    const { found } = await ledger.reconcile()
    expect(found).toEqual([{ accountId, recordId, invariant, detail: detail() }])
  })
})

describe('a receipt', () => {
  /** `old` is final, `young` is not; both must be judged. */
  describe.each([
    ['final', () => old],
    ['young', () => young],
  ])('%s', (_, of) => {
    test.each<[string, string, (decision: Decision) => Promise<void>]>([
      [
        'that is not what its hash says',
        'S7 the receipt has its hash',
        (one) =>
          ledger.replaceReceipt({
            ...one,
            receipt: { ...one.receipt, receipt_hash: 'f'.repeat(64) },
          }),
      ],
      [
        'that we did not sign',
        'S7 the receipt is signed by us',
        (one) => {
          const signer = makeSigner(generatePrivateKey())
          const signature = signer.sign('b3iq:receipt:v1', one.receipt.body)
          return ledger.replaceReceipt({ ...one, receipt: { ...one.receipt, signature } })
        },
      ],
      [
        'that states another charge than was applied',
        'S7 the receipt states the charge that was applied',
        (one) =>
          ledger.replaceReceipt(
            resigned(one, {
              charge: { charge_usd: '0.00002', host_share_usd: '0.000017', fee_usd: '0.000003' },
            }),
          ),
      ],
      [
        'of another account',
        'S7 a receipt is its account’s own',
        (one) => {
          const part = { ...one.receipt.private, account_id: `acct_${one.holdId}` }
          return ledger.replaceReceipt({ ...one, receipt: { ...one.receipt, private: part } })
        },
      ],
      [
        'that charged more than was held',
        'S6 0 ≤ charge ≤ hold',
        (one) => {
          const part = { ...one.receipt.private, hold_usd: '0.000036' }
          return ledger.replaceReceipt({ ...one, receipt: { ...one.receipt, private: part } })
        },
      ],
      [
        'whose charge does not follow from its tokens and prices',
        'S11 the charge follows from the receipt',
        (one) => {
          const { served } = one.receipt.body
          if (!served) throw new Error('not served')
          const price = { ...served.price, completion_usd_per_mtok: '0.7' }
          return ledger.replaceReceipt(resigned(one, { served: { ...served, price } }))
        },
      ],
      [
        'whose shares are not what was agreed',
        'S12 shares follow from the charge',
        (one) => {
          const { charge } = one.receipt.body
          const shares = { host_share_usd: charge.fee_usd, fee_usd: charge.host_share_usd }
          return ledger.replaceReceipt(resigned(one, { charge: { ...charge, ...shares } }))
        },
      ],
      [
        'whose shares do not add up',
        'S12 shares add up to the charge',
        (one) => {
          const { charge } = one.receipt.body
          return ledger.replaceReceipt(
            resigned(one, { charge: { ...charge, fee_usd: '0.000005537' } }),
          )
        },
      ],
      [
        'that pays two hosts',
        'S9 one host is paid',
        (one) => {
          const { attempts } = one.receipt.private
          const part = {
            ...one.receipt.private,
            attempts: attempts.map((attempt) => ({ ...attempt, outcome: 'served' })),
          }
          return ledger.replaceReceipt({ ...one, receipt: { ...one.receipt, private: part } })
        },
      ],
      [
        'whose host signed for another ticket',
        'S9 the host that is paid signed for it',
        (one) => {
          const attempts = one.receipt.private.attempts.map((attempt) => ({
            ...attempt,
            ticket_hash: '0'.repeat(64),
          }))
          const part = { ...one.receipt.private, attempts }
          return ledger.replaceReceipt({ ...one, receipt: { ...one.receipt, private: part } })
        },
      ],
      ['that cannot be read', 'record as it was written', (one) => ledger.breakReceipt(one)],
    ])('%s', async (_, invariant, plant) => {
      const decision = of()
      await plant(decision)
      const { found } = await ledger.reconcile()
      expect(found).toContainEqual({
        accountId,
        recordId: decision.holdId,
        invariant,
        detail: detail(),
      })
    })
  })

  test('whose charge was changed where the sweeper reads it', async () => {
    await ledger.replaceReceipt({ ...old, charge: old.charge + 1n })
    expect(await invariantsFound()).toEqual([
      'S7 the receipt states the charge that was applied',
      'S7 spent is the sum of applied charges',
      'S13 the book holds each charge once',
    ])
  })

  test('that is gone', async () => {
    const { client, tables } = ledger.database
    await client.delete({ TableName: tables.receipts, Key: receipt(young) })
    expect(await invariantsFound()).toEqual(['S7 spent is the sum of applied charges'])
  })
})

describe('a book', () => {
  test('that holds a charge twice', async () => {
    const now = await ledger.closing.readBook(accountId)
    if (!now) throw new Error('no book')
    const { charges, fees, payable, unpayable } = now
    const { hostShare, fee } = splitOf(old)
    await ledger.alter(book(), {
      charges: charges + old.charge,
      fees: fees + fee,
      payable: payable + hostShare,
      unpayable,
    })
    expect(await invariantsFound()).toEqual(['S13 the book holds each charge once'])
  })

  test('whose shares are not its charges', async () => {
    const now = await ledger.closing.readBook(accountId)
    await ledger.alter(book(), { payable: (now?.payable ?? 0n) + 1n })
    expect(await invariantsFound()).toEqual(['S13 the book’s shares add up to its charges'])
  })

  test('that used up more grants than there were', async () => {
    await ledger.alter(book(), { grantsUsed: 40_001n })
    expect(await invariantsFound()).toEqual(['S13 charges use up no more grants than there were'])
  })
})

describe('the earnings of a node', () => {
  test.each([
    ['accrued and payable', ['accrued', 'payable'], 2],
    ['escrowed', ['escrowed'], 1],
  ])('with more %s than entries brought', async (_, names, count) => {
    const now = await earningsNow()
    await ledger.alter(
      earnings(),
      Object.fromEntries(names.map((name) => [name, amountOf(now, name) + 1n])),
    )
    const { found } = await ledger.reconcile()
    const invariant = 'S13 earnings are the sum of entries'
    const one = { nodeId, recordId: null, invariant, detail: detail() }
    expect(found).toEqual(Array.from({ length: count }, () => one))
  })

  test('that went nowhere', async () => {
    const now = await earningsNow()
    await ledger.alter(earnings(), { paid: amountOf(now, 'paid') + 1n })
    expect(await invariantsFound()).toEqual([
      'S13 payable, in transit, paid and clawed back are the accrued',
    ])
  })

  test('that are negative', async () => {
    await ledger.alter(earnings(), { payable: -1n })
    expect(await invariantsFound()).toEqual(['S13 no negative earnings'])
  })
})

describe('a key', () => {
  test.each([
    ['day', { spendPerDay: 70_000n, spendPerMonth: undefined }, 1],
    ['month', { spendPerDay: undefined, spendPerMonth: 70_000n }, 24 * hourMs],
  ])('that spent more in a %s than its cap', async (_, caps, betweenMs) => {
    const key = await createKey(caps)
    // Taken without the counters that every reserve of the gateway raises.
    await ledger.served(accountId, { keyId: key.keyId })
    ledger.moveClock(betweenMs)
    const { holdId } = await ledger.served(accountId, { keyId: key.keyId })
    const { found } = await ledger.reconcile()
    expect(found).toContainEqual({
      accountId,
      recordId: holdId,
      invariant: 'S14 no cap is ever exceeded',
      detail: detail(),
    })
    expect(found).toHaveLength(1)
  })

  test('whose cap was lowered within the period has broken nothing', async () => {
    const key = await createKey({ spendPerDay: 10n ** 9n, spendPerMonth: undefined })
    await ledger.served(accountId, { keyId: key.keyId })
    const lowered = { spendPerDay: 1n, spendTightenedAtMs: ledger.nowMs() }
    expect(await ledger.keys.changeKey(key, lowered)).toMatchObject({ kind: 'changed' })
    expect((await ledger.reconcile()).found).toEqual([])
  })

  test('whose cap was lowered before the period is held to it', async () => {
    const key = await createKey({ spendPerDay: 10n ** 9n, spendPerMonth: undefined })
    await ledger.keys.changeKey(key, { spendPerDay: 1n, spendTightenedAtMs: ledger.nowMs() })
    ledger.moveClock(24 * hourMs)
    await ledger.served(accountId, { keyId: key.keyId })
    expect(await invariantsFound()).toEqual(['S14 no cap is ever exceeded'])
  })
})

const detail = () => expect.stringMatching(/./)

async function invariantsFound() {
  const { found } = await ledger.reconcile()
  return found.map(({ invariant }) => invariant)
}

async function earningsNow() {
  const now = await ledger.journal.readEarnings(nodeId)
  if (!now) throw new Error('no earnings')
  return now
}

function amountOf(record: Readonly<Record<string, unknown>>, name: string): bigint {
  const amount = record[name]
  if (typeof amount !== 'bigint') throw new Error(`${name} is no amount`)
  return amount
}

async function createKey(caps: {
  readonly spendPerDay: bigint | undefined
  readonly spendPerMonth: bigint | undefined
}) {
  const keyId = `key_${accountId.slice('acct_'.length)}`
  const key = await ledger.keys.createKey({
    keyId,
    keyHash: `hash of ${keyId}`,
    accountId,
    name: 'capped',
    status: 'active',
    scopes: ['inference'],
    policy: { exposes_node_id: false },
    requestsPerMinute: undefined,
    tokensPerMinute: undefined,
    concurrency: undefined,
    createdAtMs: ledger.nowMs(),
    expiresAtMs: undefined,
    ...caps,
  })
  if (!key) throw new Error('no key')
  return key
}
