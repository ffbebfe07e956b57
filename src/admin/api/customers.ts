/** Accounts, their money and their keys on the operators' wire. */
import * as z from 'zod'
import { json } from '../../http/endpoint.ts'
import { SignedUsd, Time, Usd } from '../../http/wire-fields.ts'
import { AccountTags, KeyPolicy, Scope } from '../../protocol/account.ts'
import { AccountId, KeyId, OwnerId } from '../../protocol/ids.ts'
import { AccountDraft, AccountPatch, AccountQuery } from '../accounts.ts'
import { AdjustmentDraft } from '../adjustments.ts'
import { CreditDraft } from '../credits.ts'
import { KeyPatch, KeyRotation } from '../key-changes.ts'
import { KeyDraft, KeyQuery } from '../keys.ts'
import { AdjustmentReference } from '../posting-terms.ts'
import { RefundDraft } from '../refunds.ts'
import { type AdminRow, acted, change, looked, pageOf, shownOnce, taken } from './row.ts'

const accountFields = {
  object: z.literal('account'),
  id: AccountId,
  name: z.string(),
  smoke: z.boolean(),
  owner_id: OwnerId.nullable(),
  tags: AccountTags,
  created_at: Time,
}
export const Account = z.strictObject(accountFields)

const Wallet = z.strictObject({
  status: z.enum(['active', 'suspended']),
  available_usd: Usd,
  held_usd: Usd,
  spent_usd: Usd,
  funded_usd: Usd,
  granted_usd: Usd,
  open_holds: z.int(),
})
export const AccountWithWallet = z.strictObject({ ...accountFields, wallet: Wallet })

export const Entry = z.strictObject({
  object: z.literal('entry'),
  id: z.string(),
  kind: z.string(),
  reference: z.string(),
  by: z.string().describe('The operator key, or what posted it.'),
  about: z.string(),
  created_at: Time,
  legs: z.array(z.strictObject({ account: z.string(), amount_usd: SignedUsd })),
})

export const Credit = z.strictObject({
  object: z.literal('credit'),
  id: z.string(),
  account_id: AccountId,
  kind: z.enum(['top_up', 'grant']),
  amount_usd: Usd,
  reference: z.string(),
  created_at: Time,
})

export const Adjustment = z.strictObject({
  object: z.literal('adjustment'),
  reference: z.string(),
  account_id: AccountId,
  amount_usd: SignedUsd,
  reason: z.string(),
  status: z.enum(['awaiting_approval', 'posted']),
  requested_by: z.string().optional(),
  entry: Entry.nullable(),
})

const keyFields = {
  object: z.literal('key'),
  id: KeyId,
  account_id: AccountId,
  name: z.string(),
  status: z.enum(['active', 'expired', 'revoked']),
  scopes: z.array(Scope),
  policy: KeyPolicy,
  limits: z.strictObject({
    spend_usd_per_day: Usd.nullable(),
    spend_usd_per_month: Usd.nullable(),
    requests_per_minute: z.int().nullable(),
    tokens_per_minute: z.int().nullable(),
    concurrency: z.int().nullable(),
  }),
  expires_at: Time.nullable(),
  previous_secret_valid_until: Time.nullable(),
  created_at: Time,
}
export const Key = z.strictObject(keyFields)
export const KeyWithSecret = z.strictObject({ ...keyFields, ...shownOnce })

const account = { id: AccountId }
const key = { id: KeyId }

export const customerRows = {
  'POST /admin/accounts': {
    ...change,
    operationId: 'createAccount',
    tag: 'Customers',
    summary: 'Create an account',
    does: 'With an empty balance. Tags are what spend is summed by.',
    body: json(AccountDraft),
    answer: json(Account),
    errors: taken,
  },
  'GET /admin/accounts': {
    operationId: 'listAccounts',
    tag: 'Customers',
    summary: 'List the accounts',
    does: 'In pages, by id.',
    query: AccountQuery,
    answer: json(pageOf(Account)),
    errors: looked,
  },
  'GET /admin/accounts/:id': {
    operationId: 'showAccount',
    tag: 'Customers',
    summary: 'Show an account and its balance',
    does: 'Available, held, spent and funded, with the number of open holds.',
    path: account,
    answer: json(AccountWithWallet),
    errors: [...looked, 'account_not_found'],
  },
  'PATCH /admin/accounts/:id': {
    ...change,
    operationId: 'changeAccount',
    tag: 'Customers',
    summary: 'Change an account, suspend it or resume it',
    does: 'What is left out stays. Paid use of a suspended account has stopped when this returns.',
    path: account,
    body: json(AccountPatch),
    answer: json(AccountWithWallet),
    errors: [...taken, 'account_not_found'],
  },
  'POST /admin/accounts/:id/credits': {
    ...change,
    operationId: 'creditAccount',
    tag: 'Customers',
    summary: 'Post a payment or a grant',
    does: 'The reference makes it safe to send again: the same one is posted once.',
    path: account,
    body: json(CreditDraft),
    answer: json(Credit),
    errors: [...taken, 'account_not_found', 'reference_reused'],
  },
  'POST /admin/accounts/:id/refunds': {
    ...change,
    operationId: 'refundCharge',
    tag: 'Customers',
    summary: 'Give a charge back',
    does: 'In part or whole, at the cost of the platform or of the host.',
    path: account,
    body: json(RefundDraft),
    answer: json(Entry),
    errors: [
      ...taken,
      'account_not_found',
      'receipt_not_found',
      'reference_reused',
      'refund_exceeds_charge',
      'host_balance_too_low',
    ],
  },
  'POST /admin/accounts/:id/adjustments': {
    ...change,
    operationId: 'adjustBalance',
    tag: 'Customers',
    summary: 'Correct a balance',
    does: 'Above a limit it waits for the approval of a second operator.',
    path: account,
    body: json(AdjustmentDraft),
    answer: json(Adjustment),
    errors: [...taken, 'account_not_found', 'reference_reused', 'state_conflict'],
  },
  'GET /admin/accounts/:id/entries': {
    operationId: 'listEntries',
    tag: 'Customers',
    summary: 'List the entries of an account',
    does: 'Newest first, each with all its legs. Charges are receipts and not listed here.',
    path: account,
    query: AccountQuery,
    answer: json(pageOf(Entry)),
    errors: [...looked, 'account_not_found'],
  },
  'GET /admin/adjustments/:id': {
    operationId: 'showAdjustment',
    tag: 'Customers',
    summary: 'Show an adjustment',
    does: 'By its reference: whether it waits or was posted.',
    path: { id: AdjustmentReference },
    answer: json(Adjustment),
    errors: [...looked, 'adjustment_not_found'],
  },
  'POST /admin/adjustments/:id/approve': {
    ...change,
    operationId: 'approveAdjustment',
    tag: 'Customers',
    summary: 'Approve an adjustment',
    does: 'By another operator than the one who asked for it.',
    path: { id: AdjustmentReference },
    answer: json(Adjustment),
    errors: [
      ...acted,
      'adjustment_not_found',
      'second_operator_required',
      'reference_reused',
      'state_conflict',
    ],
  },
  'POST /admin/keys': {
    ...change,
    operationId: 'createKey',
    tag: 'Customers',
    summary: "Make a customer's key",
    does: 'The secret is shown in this reply alone.',
    body: json(KeyDraft),
    answer: json(KeyWithSecret),
    errors: [...taken, 'account_not_found', 'state_conflict'],
  },
  'GET /admin/keys': {
    operationId: 'listKeys',
    tag: 'Customers',
    summary: "List an account's keys",
    does: 'Without their secrets, which nobody has.',
    query: KeyQuery,
    answer: json(pageOf(Key)),
    errors: [...looked, 'account_not_found'],
  },
  'GET /admin/keys/:id': {
    operationId: 'showKey',
    tag: 'Customers',
    summary: 'Show a key',
    does: 'Its scopes, policy, limits and expiry.',
    path: key,
    answer: json(Key),
    errors: [...looked, 'key_not_found'],
  },
  'PATCH /admin/keys/:id': {
    ...change,
    operationId: 'changeKey',
    tag: 'Customers',
    summary: 'Change a key',
    does: 'What is left out stays; null takes a rule, a limit or the expiry away. Gateways know of it within 5 s. Spend is counted while the key has any limit: a spend limit that is its first one counts from this change on.',
    path: key,
    body: json(KeyPatch),
    answer: json(Key),
    errors: [...taken, 'key_not_found', 'state_conflict'],
  },
  'POST /admin/keys/:id/rotate': {
    ...change,
    operationId: 'rotateKey',
    tag: 'Customers',
    summary: 'Give a key a new secret',
    does: 'Id, limits and what was counted stay. The secret before it is good for the time of grace, and not at all without one.',
    path: key,
    body: json(KeyRotation),
    answer: json(KeyWithSecret),
    errors: [...taken, 'key_not_found', 'state_conflict'],
  },
  'DELETE /admin/keys/:id': {
    ...change,
    operationId: 'revokeKey',
    tag: 'Customers',
    summary: 'Revoke a key',
    does: 'Paid use, by any of its secrets, has stopped when this returns.',
    path: key,
    answer: json(Key),
    errors: [...acted, 'key_not_found'],
  },
} as const satisfies Readonly<Record<string, AdminRow>>
