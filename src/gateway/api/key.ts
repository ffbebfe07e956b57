/** The calling key on the wire. */
import * as z from 'zod'
import { type EndpointTable, json } from '../../http/endpoint.ts'
import { Time, Usd } from '../../http/wire-fields.ts'
import { KeyPolicy, Scope } from '../../protocol/account.ts'
import { AccountId, KeyId } from '../../protocol/ids.ts'
import { limited, type ReplyHeader } from '../reply-header-names.ts'
import type { GatewayAuth } from './auth.ts'
import { keyed } from './error-codes.ts'

const limitOf = <T extends z.ZodType>(amount: T) =>
  z
    .strictObject({
      limit: amount,
      used: amount.describe('What is held counts.'),
      remaining: amount,
      resets_at: Time.nullable().describe('Null where it is free again when a request ends.'),
    })
    .nullable()
    .describe('Null without such a limit.')

const count = z.int().min(0)
const spent = Usd.nullable().describe('Null for a key that never had such a limit.')

export const ShownKey = z.strictObject({
  object: z.literal('key'),
  id: KeyId,
  account_id: AccountId,
  account_status: z.enum(['active', 'suspended']),
  name: z.string(),
  scopes: z.array(Scope),
  policy: KeyPolicy,
  limits: z.strictObject({
    spend_usd_per_day: limitOf(Usd),
    spend_usd_per_month: limitOf(Usd),
    requests_per_minute: limitOf(count),
    tokens_per_minute: limitOf(count),
    concurrency: limitOf(count),
  }),
  usage: z.strictObject({ today_usd: spent, month_usd: spent }),
  expires_at: Time.nullable(),
  created_at: Time,
})

export const keyEndpoints = {
  'GET /v1/key': {
    operationId: 'showKey',
    tag: 'Billing',
    summary: 'Show the calling key',
    does: 'Its scopes and policy, and of each limit how much is used and when it begins anew.',
    auth: 'any_key',
    answer: json(ShownKey),
    headers: limited,
    errors: [...keyed, 'no_billing_identity'],
  },
} as const satisfies EndpointTable<GatewayAuth, ReplyHeader>
