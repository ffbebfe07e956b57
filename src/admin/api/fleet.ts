/** Nodes and what they serve, on the operators' wire. */
import * as z from 'zod'
import { json } from '../../http/endpoint.ts'
import { Time } from '../../http/wire-fields.ts'
import { RouteTier, TrustTier } from '../../protocol/catalogue.ts'
import { RuntimeKind } from '../../protocol/claim.ts'
import { PublicKey } from '../../protocol/ed25519.ts'
import { NodeStatus } from '../../protocol/enrolment.ts'
import { Eligibility } from '../../protocol/heartbeat.ts'
import { ArtifactDigest, NodeId, OwnerId, ProfileId, Region } from '../../protocol/ids.ts'
import { NodeMode } from '../../protocol/node-conditions.ts'
import { WireReputation } from '../../protocol/reputation.ts'
import { DeploymentName, DeploymentQuery } from '../deployments.ts'
import { JoinCodeDraft } from '../join-codes.ts'
import { NodeQuery } from '../nodes.ts'
import { type AdminRow, acted, change, looked, pageOf, shownOnce, taken } from './row.ts'

const count = z.int().min(0)

const route = { url: z.string(), epoch: z.int() }
const Route = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('direct'),
    ...route,
    certificateKeySha256: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('cloudflared_named'), ...route, tunnelId: z.string() }),
])

const nodeFields = {
  object: z.literal('node'),
  id: NodeId,
  alias: z.string(),
  owner_id: OwnerId,
  status: NodeStatus,
  mode: NodeMode,
  trust_tier: TrustTier,
  region: Region.nullable(),
  route: Route,
  suspension: z
    .strictObject({
      reason: z.enum(['operator', 'cloned_identity', 'late_claims']),
      since: Time,
    })
    .nullable(),
  predecessor_id: NodeId.nullable(),
  successor_id: NodeId.nullable(),
  public_key: PublicKey,
  enrolled_at: Time,
  liveness: z.enum(['never', 'fresh', 'stale', 'offline']),
  state: z.string().nullable().describe('As the last beat told it.'),
  last_beat_at: Time.nullable(),
  profiles: count,
}
export const Node = z.strictObject(nodeFields)
export const NodeWithGates = z.strictObject({ ...nodeFields, eligibility: z.array(Eligibility) })

const Benchmark = z.strictObject({
  id: z.string(),
  at: Time,
  expires_at: Time,
  harness_version: z.string(),
  artifact_digest: ArtifactDigest,
  runtime_version: z.string(),
  facts_digest: z.string(),
  route_kind: z.string(),
  is_paid: z.boolean(),
  samples: count,
  first_content_p50_ms: z.number(),
  first_content_p95_ms: z.number(),
  prefill_tokens_per_second: z.number(),
  tokens_per_second_p50: z.number(),
  tokens_per_second_p5: z.number(),
  concurrency_at_target: count,
  error_rate: z.number(),
  count_ratio: z.number().nullable().describe('Tokens claimed over tokens counted.'),
  capabilities: z.strictObject({
    streaming: z.boolean(),
    usage: z.boolean(),
    stop: z.boolean(),
    abort: z.boolean(),
    tools: z.boolean(),
    json_schema: z.boolean(),
    logprobs: z.boolean(),
    context_tokens: count,
  }),
  flags: z.array(z.enum(['above_roofline', 'below_roofline'])),
})

export const Deployment = z.strictObject({
  object: z.literal('deployment'),
  node_id: NodeId,
  alias: z.string(),
  owner_id: OwnerId,
  node_status: NodeStatus,
  ...Eligibility.shape,
  runbooks: z.record(z.string(), z.string()).describe('By the code of each blocker.'),
  runtime_id: z.string(),
  runtime_kind: RuntimeKind,
  route_tier: RouteTier,
  trust_tier: TrustTier,
  artifact_digest: ArtifactDigest,
  context_length: count,
  install_status: z.string(),
  breaker: z
    .strictObject({
      state: z.string(),
      failures: count,
      open_until: Time.nullable(),
      opens: count,
    })
    .nullable(),
  observed_benchmark: Benchmark.nullable(),
  live_speed: z
    .strictObject({
      benchmark_id: z.string(),
      requests: count,
      tokens_per_second_p50: z.number(),
    })
    .nullable(),
  spot_checks: z
    .strictObject({ passed: count, failed: count, condemned_at: Time.nullable() })
    .nullable(),
  benchmark_runs: z
    .strictObject({
      started_at: z.array(Time),
      tried_at: Time,
      leased_until: Time.nullable(),
    })
    .nullable(),
})

export const SpotChecks = z.strictObject({
  object: z.literal('spot_checks'),
  node_id: NodeId,
  profile_id: ProfileId,
  passed: count,
  failed: count,
})

export const JoinCode = z.strictObject({
  object: z.literal('join_code'),
  code: shownOnce.key,
  owner_id: OwnerId,
  region: Region.nullable(),
  expires_at: Time,
  note: shownOnce.note,
})

export const Reputation = z.strictObject({
  object: z.literal('reputation'),
  ...WireReputation.shape,
})

const node = { id: NodeId }
const changedNode = {
  ...change,
  tag: 'Fleet',
  path: node,
  answer: json(Node),
  errors: [...acted, 'node_not_found', 'state_conflict'],
} as const
const switched = {
  ...change,
  tag: 'Fleet',
  body: json(DeploymentName),
  errors: [...taken, 'node_not_found', 'not_found', 'state_conflict'],
} as const

export const fleetRows = {
  'POST /admin/join-codes': {
    ...change,
    operationId: 'createJoinCode',
    tag: 'Fleet',
    summary: 'Make a join code for a host',
    does: 'Good once and for 15 minutes; shown in this reply alone.',
    body: json(JoinCodeDraft),
    answer: json(JoinCode),
    errors: taken,
  },
  'GET /admin/nodes': {
    operationId: 'listNodes',
    tag: 'Fleet',
    summary: 'List the nodes',
    does: 'In pages; `status` picks those of one status.',
    query: NodeQuery,
    answer: json(pageOf(Node)),
    errors: looked,
  },
  'GET /admin/nodes/:id': {
    operationId: 'showNode',
    tag: 'Fleet',
    summary: 'Show a node with the gates of its profiles',
    does: 'Each closed gate names what closes it.',
    path: node,
    answer: json(NodeWithGates),
    errors: [...looked, 'node_not_found'],
  },
  'POST /admin/nodes/:id/approve': {
    ...changedNode,
    operationId: 'approveNode',
    summary: 'Let a node serve',
    does: 'Doing it again is no error. It ends a suspension as well.',
  },
  'POST /admin/nodes/:id/suspend': {
    ...changedNode,
    operationId: 'suspendNode',
    summary: 'Take a node out of service',
    does: 'No request goes to it any more; those that run go on.',
  },
  'POST /admin/nodes/:id/retire': {
    ...changedNode,
    operationId: 'retireNode',
    summary: 'Retire a node',
    does: 'For good: another key makes another node. Its tunnel is closed.',
  },
  'GET /admin/nodes/:id/reputation': {
    operationId: 'showReputation',
    tag: 'Fleet',
    summary: "Show a node's reputation",
    does: 'The score with the evidence it is made of, event by event.',
    path: node,
    answer: json(Reputation),
    errors: [...looked, 'node_not_found'],
  },
  'GET /admin/deployments': {
    operationId: 'listDeployments',
    tag: 'Fleet',
    summary: 'List every node and profile with its gates',
    does: 'With what was measured of each, and where its breaker stands.',
    query: DeploymentQuery,
    answer: json(pageOf(Deployment)),
    errors: looked,
  },
  'POST /admin/deployments/disable': {
    ...switched,
    operationId: 'disableDeployment',
    summary: 'Take one profile of a node out of rotation',
    does: 'Until it is enabled again.',
    answer: json(Deployment),
  },
  'POST /admin/deployments/enable': {
    ...switched,
    operationId: 'enableDeployment',
    summary: 'Put it back into rotation',
    does: 'Its breaker is closed as well.',
    answer: json(Deployment),
  },
  'POST /admin/deployments/clear-verdict': {
    ...switched,
    operationId: 'clearVerdict',
    summary: 'Lift the verdict of spot checks',
    does: 'The profile is sampled as after a failure.',
    answer: json(SpotChecks),
  },
} as const satisfies Readonly<Record<string, AdminRow>>
