/** The dry run of a customer's request, on the operators' wire. */
import * as z from 'zod'
import { json } from '../../http/endpoint.ts'
import { ErrorCodeName } from '../../http/error-reply.ts'
import { Usd } from '../../http/wire-fields.ts'
import { RouteTier, TrustTier } from '../../protocol/catalogue.ts'
import { NodeStatus } from '../../protocol/enrolment.ts'
import { Eligibility } from '../../protocol/heartbeat.ts'
import { AccountId, KeyId, NodeId, Region } from '../../protocol/ids.ts'
import { RouteQuestion } from '../route-explain.ts'
import { type AdminRow, pageOf, told } from './row.ts'

const chance = z.number().min(0).max(1)

const RouteCandidate = z.strictObject({
  object: z.literal('route_candidate'),
  node_id: NodeId,
  alias: z.string(),
  owner_id: z.string(),
  node_status: NodeStatus,
  ...Eligibility.shape,
  runbooks: z.record(z.string(), z.string()).describe('By the code of each blocker.'),
  route_tier: RouteTier,
  trust_tier: TrustTier,
  region: Region.nullable(),
  removed_by: z.array(z.string()).describe('What of the request or of the key removes it.'),
  incident_id: z.string().nullable().describe('The incident that pauses it.'),
  price: z
    .strictObject({
      prompt_usd_per_mtok: Usd,
      cached_prompt_usd_per_mtok: Usd,
      completion_usd_per_mtok: Usd,
      unit_usd: Usd.nullable(),
    })
    .nullable(),
  in_view: z.boolean().describe('It stands in the shard that the request would read.'),
  position: z.int().nullable().describe('In this draw, from 1.'),
  would_be_tried: z.boolean(),
  chance_first: chance.describe('Of being asked first, over many draws.'),
  chance_tried: chance.describe('Of being asked at all.'),
})

export const RouteExplanation = z.strictObject({
  object: z.literal('route_explanation'),
  endpoint: z.string(),
  key_id: KeyId,
  account_id: AccountId,
  model: z.string().nullable(),
  would_be_dispatched: z.boolean(),
  refusals: z
    .array(
      z.looseObject({ code: ErrorCodeName, message: z.string(), param: z.string().nullable() }),
    )
    .describe('In the order in which the request would meet them.'),
  plan: z
    .strictObject({
      hold_usd: Usd,
      prompt_tokens_max: z.int(),
      window_tokens: z.int(),
      choices: z.int(),
      price_version: z.int().nullable(),
    })
    .nullable(),
  hosts: pageOf(RouteCandidate),
})

export const explainRows = {
  'POST /admin/route-explain': {
    operationId: 'explainRoute',
    tag: 'Operators',
    summary: 'Explain how a request would be routed',
    does: 'A dry run by the rules of the gateway: what would refuse it, what it would hold, and for every profile of the model which gate or policy removes it, or how likely it is chosen. Nothing is held, sent or stored.',
    body: json(RouteQuestion),
    answer: json(RouteExplanation),
    errors: [...told, 'key_not_found'],
  },
} as const satisfies Readonly<Record<string, AdminRow>>
