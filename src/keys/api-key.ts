/**
 * Key material. A key is shown once; only its keyed hash is stored. The key names its pepper, so
 * that a new pepper can take over without touching old keys.
 */
import type { Page, Paged } from '../ledger/ports.ts'
import type { NanoUsd } from '../money/nano-usd.ts'
import type { KeyPolicy, OperatorRole, Scope } from '../protocol/account.ts'
import type { Ids } from '../protocol/clock.ts'
import { keyedHash } from '../protocol/keyed-hash.ts'

export type KeyPrefix = 'sk-b3iq' | 'op-b3iq'

export type Peppers = {
  readonly current: string
  readonly byId: ReadonlyMap<string, Buffer>
}

/** What one read of a key's hash brings: enough to admit a request. */
export type CustomerKey = {
  readonly keyId: string
  readonly keyHash: string
  readonly accountId: string
  /** Names the key's counters and its revocation on the wallet. */
  readonly ordinal: number
  readonly name: string
  readonly status: 'active' | 'revoked'
  readonly scopes: readonly Scope[]
  readonly policy: KeyPolicy
  readonly spendPerDay: NanoUsd | undefined
  readonly spendPerMonth: NanoUsd | undefined
  readonly requestsPerMinute: number | undefined
  readonly tokensPerMinute: number | undefined
  readonly concurrency: number | undefined
  readonly createdAtMs: number
  readonly expiresAtMs: number | undefined
  /** Which of its secrets, from 1 on: through an older one in its grace, that one. */
  readonly secret: number
  /** Until then the secret before this one is good as well. */
  readonly previousSecretUntilMs: number | undefined
  /** When a spend limit was last set anew or lowered; undefined where none ever was. */
  readonly spendTightenedAtMs: number | undefined
  /** Counts its changes, so that none undoes another that it has not seen. */
  readonly version: number
  /** Its own account and ordinal, where it asks in the name of another account. */
  readonly asItself?: Pick<CustomerKey, 'accountId' | 'ordinal'> | undefined
}

/** As it is made; the rest follows. */
export type NewKey = Omit<
  CustomerKey,
  'ordinal' | 'secret' | 'previousSecretUntilMs' | 'spendTightenedAtMs' | 'version'
>

/** What of a key may change; counters and revocation go by the rest. */
export type KeyChange = Partial<
  Pick<
    CustomerKey,
    | 'name'
    | 'policy'
    | 'spendPerDay'
    | 'spendPerMonth'
    | 'requestsPerMinute'
    | 'tokensPerMinute'
    | 'concurrency'
    | 'spendTightenedAtMs'
    | 'expiresAtMs'
  >
>

export type KeyChanged =
  | { readonly kind: 'changed'; readonly key: CustomerKey }
  /** Somebody else changed, replaced or revoked it since it was read. */
  | { readonly kind: 'stale' }
  /** It would be one more key with limits than the wallet has room for. */
  | { readonly kind: 'no_room' }

export type OperatorKey = {
  readonly keyId: string
  readonly keyHash: string
  readonly name: string
  readonly role: OperatorRole
  readonly status: 'active' | 'revoked'
}

export type KeyStore = {
  readonly readByHash: (keyHash: string) => Promise<CustomerKey | undefined>
  readonly readById: (keyId: string) => Promise<CustomerKey | undefined>
  readonly listKeys: (accountId: string) => Promise<readonly CustomerKey[]>
  /** Writes the key with the next free ordinal of its account. */
  readonly createKey: (key: NewKey) => Promise<CustomerKey | undefined>
  /** An expiry or a limit that is there and undefined is taken away. */
  readonly changeKey: (key: CustomerKey, change: KeyChange) => Promise<KeyChanged>
  /**
   * Gives the key another secret. The one before stays good for a grace; without one the wallet is told, so
   * that it pays for nothing any more. The one before that ends in any case.
   */
  readonly rotateKey: (
    key: CustomerKey,
    next: { readonly keyHash: string; readonly atMs: number; readonly graceMs: number },
  ) => Promise<KeyChanged>
  /** Marks the key and its ordinal on the wallet in one transaction: paid use stops at once. */
  readonly revokeKey: (key: CustomerKey) => Promise<void>
}

export type OperatorKeyStore = {
  readonly readOperator: (keyHash: string) => Promise<OperatorKey | undefined>
  readonly readOperatorById: (keyId: string) => Promise<OperatorKey | undefined>
  /** False when an owner key exists already: bootstrap happens once. */
  readonly bootstrapOwner: (key: OperatorKey) => Promise<boolean>
  /** False when there are as many active keys as there may be. */
  readonly createOperator: (key: OperatorKey) => Promise<boolean>
  /** Revoked ones too, because the journal names them; oldest first, the cursor is a key id. */
  readonly listOperators: (page: Page) => Promise<Paged<OperatorKey>>
  readonly revokeOperator: (keyId: string) => Promise<OperatorRevocation>
}

export type OperatorRevocation =
  /** Now or before. */
  | { readonly kind: 'revoked'; readonly key: OperatorKey }
  | { readonly kind: 'unknown_key' }
  /** Without an owner nobody could ever make an operator key again. */
  | { readonly kind: 'last_owner' }

/** While it has a limit the wallet counts its spend, and what it does without is not known later. */
export const hasLimits = (key: Pick<CustomerKey, (typeof limitNames)[number]>): boolean =>
  limitNames.some((name) => key[name] !== undefined)

export const changesLimits = (before: CustomerKey, after: CustomerKey): boolean =>
  limitNames.some((name) => before[name] !== after[name])

const limitNames = [
  'spendPerDay',
  'spendPerMonth',
  'requestsPerMinute',
  'tokensPerMinute',
  'concurrency',
] as const

/** Whether it may be used at all. */
export const isUsable = (
  { status, expiresAtMs }: Pick<CustomerKey, 'status' | 'expiresAtMs'>,
  nowMs: number,
): boolean => status === 'active' && (expiresAtMs === undefined || nowMs < expiresAtMs)

const keyPattern = /^(sk-b3iq|op-b3iq)-([a-z0-9]{1,8})-([A-Za-z0-9_-]{43})$/

export function makeKey(prefix: KeyPrefix, peppers: Peppers, ids: Ids): string {
  return `${prefix}-${peppers.current}-${ids.token(32)}`
}

/** Undefined for what cannot be a key of ours: nothing is read for it. */
export function hashKey(key: string, prefix: KeyPrefix, peppers: Peppers): string | undefined {
  const match = keyPattern.exec(key)
  const pepper = match?.[1] === prefix ? peppers.byId.get(match[2] ?? '') : undefined
  return pepper && keyedHash(pepper, key).toString('base64url')
}

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,256})$/i.exec(header ?? '')?.[1]
}
