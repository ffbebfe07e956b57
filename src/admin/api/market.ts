/** What is sold, what hosts earn of it and what it came to, on the operators' wire. */
import * as z from 'zod'
import { json } from '../../http/endpoint.ts'
import { Time, Usd } from '../../http/wire-fields.ts'
import { CatalogueModel } from '../../protocol/catalogue.ts'
import { AccountId, KeyId, NodeId } from '../../protocol/ids.ts'
import { Reference } from '../../spot-checks/reference.ts'
import { ModelQuery } from '../models.ts'
import { PayoutQuery, PayoutWord } from '../payouts.ts'
import { PlatformAccount } from '../platform-account.ts'
import { ReferenceQuery } from '../references.ts'
import { SpendQuery } from '../spend-query.ts'
import { type AdminRow, change, looked, pageOf, taken } from './row.ts'

const count = z.int().min(0)

export const SoldModel = z.strictObject({
  object: z.literal('model'),
  ...CatalogueModel.shape,
  version: z.int().describe('Rises with every change; receipts name it.'),
})

export const ReferenceView = z.strictObject({
  object: z.literal('reference'),
  ...Reference.omit({ readings: true }).shape,
  prompts: count.describe('How many; the prompts themselves are shown to nobody.'),
})

const PlatformAccountView = z.strictObject({
  object: z.literal('platform_account'),
  account_id: AccountId,
})

export const Earnings = z.strictObject({
  object: z.literal('earnings'),
  node_id: NodeId,
  accrued_usd: Usd,
  payable_usd: Usd,
  in_transit_usd: Usd,
  paid_usd: Usd,
  clawed_back_usd: Usd,
  escrowed_usd: Usd,
})

export const Payout = z.strictObject({
  object: z.literal('payout'),
  node_id: NodeId,
  period: z.iso.date(),
  amount_usd: Usd,
  state: z.string(),
  closed_at: Time,
  transfer_id: z.string().nullable(),
})

const spendFields = {
  requests: count,
  completed: count,
  partial: count,
  failed: count,
  expired: count,
  prompt_tokens: count,
  cached_prompt_tokens: count,
  completion_tokens: count,
  units: count,
  charge_usd: Usd,
  host_share_usd: Usd,
  fee_usd: Usd,
}

export const SpendLine = z
  .strictObject({
    day: z.iso.date().optional(),
    account_id: AccountId.optional(),
    key_id: KeyId.optional(),
    model: z.string().optional(),
    node_id: z.string().optional(),
    tag: z.string().optional(),
    ...spendFields,
  })
  .describe('Named by what the sums are asked by.')

export const SpendList = z.strictObject({
  ...pageOf(SpendLine).shape,
  by: SpendQuery.shape.by,
  from: z.iso.date(),
  to: z.iso.date(),
  as_of: Time.nullable().describe('Of the newest request that is counted.'),
  total: z.strictObject(spendFields).describe('Over the whole range, not over the page.'),
})

export const marketRows = {
  'GET /admin/models': {
    operationId: 'listCatalogue',
    tag: 'Market',
    summary: 'List the catalogue',
    does: 'Models with their approved builds and their prices per route tier and trust tier.',
    query: ModelQuery,
    answer: json(pageOf(SoldModel)),
    errors: looked,
  },
  'PUT /admin/models': {
    ...change,
    operationId: 'putModel',
    tag: 'Market',
    summary: 'Put a model on sale, or change it',
    does: 'The whole model, by its id. A tier without a price is closed. The next pass over the fleet applies it, within 15 s.',
    body: json(CatalogueModel),
    answer: json(SoldModel),
    errors: taken,
  },
  'GET /admin/references': {
    operationId: 'listReferences',
    tag: 'Market',
    summary: 'List what trusted runners showed',
    does: 'What spot checks compare with, without the prompts.',
    query: ReferenceQuery,
    answer: json(pageOf(ReferenceView)),
    errors: looked,
  },
  'PUT /admin/references': {
    ...change,
    operationId: 'putReference',
    tag: 'Market',
    summary: 'Hand in what a trusted runner showed',
    does: 'Replaces the one of the same build, runtime kind and version.',
    body: json(Reference),
    answer: json(ReferenceView),
    errors: taken,
  },
  'PUT /admin/platform-account': {
    ...change,
    operationId: 'setPlatformAccount',
    tag: 'Market',
    summary: 'Name the account that pays for spot checks',
    does: 'Without one, or without money in it, no spot check is made.',
    body: json(PlatformAccount),
    answer: json(PlatformAccountView),
    errors: [...taken, 'account_not_found'],
  },
  'GET /admin/nodes/:id/earnings': {
    operationId: 'showEarnings',
    tag: 'Money',
    summary: 'Show what a node earned',
    does: 'Accrued, payable, under way, paid, and what was taken back.',
    path: { id: NodeId },
    answer: json(Earnings),
    errors: [...looked, 'node_not_found'],
  },
  'GET /admin/payouts': {
    operationId: 'listPayouts',
    tag: 'Money',
    summary: 'List the payouts of a node',
    does: 'Newest period first.',
    query: PayoutQuery,
    answer: json(pageOf(Payout)),
    errors: looked,
  },
  'POST /admin/payouts/:id/:period/confirm': {
    ...change,
    operationId: 'confirmPayout',
    tag: 'Money',
    summary: 'Tell what became of a transfer',
    does: 'Paid, or returned to what is payable.',
    path: { id: NodeId, period: z.iso.date() },
    body: json(PayoutWord),
    answer: json(Payout),
    errors: [...taken, 'payout_not_found', 'state_conflict', 'incident_paused'],
  },
  'GET /admin/spend': {
    operationId: 'showSpend',
    tag: 'Money',
    summary: 'Show what requests came to',
    does: 'Sums per day, account, key, model, node or tag over at most 92 days. They follow the ledger by seconds and decide nothing.',
    query: SpendQuery,
    answer: json(SpendList),
    errors: [...looked, 'key_not_found'],
  },
} as const satisfies Readonly<Record<string, AdminRow>>
