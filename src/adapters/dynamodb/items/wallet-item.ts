/**
 * The wallet as it is stored: one flat item. Holds are compact (≤ 80 bytes each), because every
 * reserve and settle pays for the size of the whole item.
 */
import * as z from 'zod'
import { counterPattern } from '../../../ledger/counters.ts'
import { assertWallet, type Hold, type SpendKind, type Wallet } from '../../../ledger/wallet.ts'
import { Amount, Int } from '../item-fields.ts'

/** `1dm`: the first key's spend of day and month. */
const CountedSpendCode = z
  .string()
  .regex(/^\d+d?m?$/)
  .transform((code) => ({
    keyOrdinal: Number.parseInt(code, 10),
    kinds: [
      ...(code.includes('d') ? (['day'] as const) : []),
      ...(code.includes('m') ? (['month'] as const) : []),
    ] satisfies SpendKind[],
  }))

const HoldItem = z.strictObject({
  /** Amount, expiry in seconds, nonce, price version, counted spend. */
  a: Amount,
  e: Int,
  n: z.string(),
  p: Int,
  c: CountedSpendCode.optional(),
})

const WalletItem = z.looseObject({
  pk: z.string(),
  available: Amount,
  held: Amount,
  spent: Amount,
  funded: Amount,
  status: z.enum(['active', 'suspended']),
  holds: z.record(z.string(), HoldItem),
  sweepBucket: z.string().optional(),
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
    sweepBucket: parsed.sweepBucket,
  }
  assertWallet(wallet)
  return wallet
}

export function toHoldItem(hold: Hold) {
  return {
    a: hold.amount,
    e: hold.expiresAtSec,
    n: hold.nonce,
    p: hold.priceVersion,
    ...(hold.counted ? { c: countedSpendCode(hold.counted) } : {}),
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

function countedSpendCode({ keyOrdinal, kinds }: NonNullable<Hold['counted']>): string {
  const day = kinds.includes('day') ? 'd' : ''
  return `${keyOrdinal}${day}${kinds.includes('month') ? 'm' : ''}`
}
