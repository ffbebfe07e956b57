/**
 * The wallet as it is stored: one flat item. Holds are compact (≤ 80 bytes each), because every
 * reserve and settle pays for the size of the whole item.
 */
import * as z from 'zod'
import { counterPattern } from '../../../ledger/counters.ts'
import { assertWallet, type CountedUse, type Hold, type Wallet } from '../../../ledger/wallet.ts'
import { Amount, Int } from '../item-fields.ts'

/**
 * `12dmct2t4w`: the twelfth key's spend of day and month, one of its concurrent requests, and its
 * tokens in base 36. What is not counted is left out.
 */
const countedUsePattern = /^(\d+)(d?)(m?)(c?)(?:t([0-9a-z]{1,7}))?$/
const tokensRadix = 36

const CountedUseCode = z.string().transform((code, context): CountedUse => {
  const [, ordinal, day, month, concurrency, tokens] = countedUsePattern.exec(code) ?? []
  if (ordinal === undefined) {
    context.addIssue({ code: 'custom', message: 'names no counters' })
    return z.NEVER
  }
  return {
    keyOrdinal: Number(ordinal),
    spendDay: day !== '',
    spendMonth: month !== '',
    concurrency: concurrency !== '',
    tokens: tokens === undefined ? undefined : Number.parseInt(tokens, tokensRadix),
  }
})

const HoldItem = z.strictObject({
  /** Amount, expiry in seconds, nonce, price version, counted use. */
  a: Amount,
  e: Int,
  n: z.string(),
  p: Int,
  c: CountedUseCode.optional(),
})

const WalletItem = z.looseObject({
  pk: z.string(),
  available: Amount,
  held: Amount,
  spent: Amount,
  funded: Amount,
  granted: Amount.default(0n),
  status: z.enum(['active', 'suspended']),
  holds: z.record(z.string(), HoldItem),
  sweepBucket: z.string().optional(),
  closedBefore: z.string().optional(),
})

export const walletKey = (accountId: string) => ({ pk: accountId, sk: 'wallet#0' })

/** Asserts S1–S3: a wallet that breaks them is never acted upon. */
export function fromWalletItem(item: Readonly<Record<string, unknown>>): Wallet {
  const parsed = WalletItem.parse(item)
  const wallet: Wallet = {
    accountId: parsed.pk,
    status: parsed.status,
    available: parsed.available,
    held: parsed.held,
    spent: parsed.spent,
    funded: parsed.funded,
    granted: parsed.granted,
    holds: new Map(Object.entries(parsed.holds).map(([id, hold]) => [id, fromHoldItem(hold)])),
    counters: new Map(
      Object.entries(item)
        .filter(([name]) => counterPattern.test(name))
        .map(([name, value]) => [name, Amount.parse(value)]),
    ),
    revokedKeyOrdinals: new Set(
      Object.keys(item)
        .filter((name) => name.startsWith('revoked#'))
        .map((name) => Number(name.slice('revoked#'.length))),
    ),
    oldestSecrets: marksOf(item, 'secret#'),
    limitVersions: marksOf(item, 'limits#'),
    sweepBucket: parsed.sweepBucket,
    closedBefore: parsed.closedBefore,
  }
  assertWallet(wallet)
  return wallet
}

/** By key ordinal. */
const marksOf = (item: Readonly<Record<string, unknown>>, prefix: string) =>
  new Map(
    Object.entries(item)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [Number(name.slice(prefix.length)), Int.parse(value)]),
  )

export function toHoldItem(hold: Hold) {
  return {
    a: hold.amount,
    e: hold.expiresAtSec,
    n: hold.nonce,
    p: hold.priceVersion,
    ...(hold.counted ? { c: countedUseCode(hold.counted) } : {}),
  }
}

export function newWalletItem(accountId: string) {
  return {
    ...walletKey(accountId),
    available: 0n,
    held: 0n,
    spent: 0n,
    funded: 0n,
    status: 'active',
    holds: {},
  }
}

function fromHoldItem(item: z.infer<typeof HoldItem>): Hold {
  return {
    amount: item.a,
    expiresAtSec: item.e,
    nonce: item.n,
    priceVersion: item.p,
    counted: item.c,
  }
}

function countedUseCode(counted: CountedUse): string {
  const { keyOrdinal, spendDay, spendMonth, concurrency, tokens } = counted
  const flags = [spendDay ? 'd' : '', spendMonth ? 'm' : '', concurrency ? 'c' : ''].join('')
  return `${keyOrdinal}${flags}${tokens === undefined ? '' : `t${tokens.toString(tokensRadix)}`}`
}
