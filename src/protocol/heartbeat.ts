/**
 * What a node tells the control plane every few seconds, and what it hears back: whether each of
 * its profiles earns and, if not, why. Unknown fields are ignored, so that a newer agent can beat
 * against an older control plane.
 */
import * as z from 'zod'
import { domainHash } from './canonical.ts'
import { RuntimeKind } from './claim.ts'
import { ArtifactDigest, NodeId, ProfileId, Sha256Hex } from './ids.ts'
import { limits } from './limits.ts'
import { NodeMode, NodeState, QueueHealth } from './node-conditions.ts'
import { PublishedKeys } from './published-keys.ts'

const text = z.string().max(128)
const count = z.int().min(0)
/** Host time in milliseconds, corrected by the agent's offset to the server's clock. */
const hostTimeMs = z.int().min(0)

export const Queue = z.object({
  source: z.enum(['runtime', 'agent']),
  running: count,
  waiting: count,
  capacity: z.int().min(1).max(4096),
  health: QueueHealth,
  reason: text.nullable(),
})

/** Stored with every beat, which is to stay one write unit: short. */
const shortText = z.string().min(1).max(32)

export const RuntimeReport = z.object({
  id: shortText.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces'),
  kind: RuntimeKind,
  version: shortText,
  reachable: z.boolean(),
  queue: Queue,
  /** Local names of the models that are in memory now, where the runtime tells. */
  loaded: z.array(text).max(limits.modelsPerNode),
})
export type RuntimeReport = z.infer<typeof RuntimeReport>

export const GpuReport = z.object({
  uuid: text,
  name: text.nullable(),
  mem_used_mib: count.nullable(),
  mem_total_mib: count.nullable(),
  util_pct: z.number().min(0).max(100).nullable(),
  temp_c: z.number().nullable(),
  power_w: z.number().min(0).nullable(),
})
export type GpuReport = z.infer<typeof GpuReport>

export const Heartbeat = z.object({
  v: z.literal(1),
  node_id: NodeId,
  boot_id: z.uuid().toLowerCase(),
  /** Strictly rising: corrected host milliseconds, or the last one plus 1. */
  seq: z.int().min(1),
  sent_at_ms: hostTimeMs,
  clock_offset_ms: z.int(),
  agent: z.object({ version: text, os: text, arch: text, uptime_s: count }),
  mode: NodeMode,
  state: NodeState,
  owner_limits: z.object({
    max_concurrency: z.int().min(1).max(4096),
    paid_enabled: z.boolean(),
    /** The owner's own words, shown and never judged: the agent's `state` says what follows. */
    schedule: text.nullable(),
    max_power_w: count.nullable(),
  }),
  tunnel: z.object({
    kind: z.enum(['direct', 'cloudflared_named']),
    state: z.enum(['up', 'connecting', 'down']),
    route_epoch: z.int().min(0),
  }),
  gpus: z.array(GpuReport).max(limits.gpusPerNode),
  runtimes: z.array(RuntimeReport).max(limits.runtimesPerNode),
  inventory_digest: Sha256Hex,
  facts_digest: Sha256Hex,
  /**
   * Of the control plane's published keys that the agent has judged last, null before the first; agents
   * that do not know of such lists leave it out.
   */
  keys_digest: Sha256Hex.nullable().optional(),
  /** Jobs that run now, and the highest `job_seq` that the agent has taken: a lost reply offers again. */
  jobs: z.object({ active: z.array(text).max(limits.jobsPerBeat), last_seq: count }),
  /** Since the agent was installed, never per interval: a lost beat loses nothing. */
  counters: z.object({
    accepted: count,
    completed: count,
    failed: count,
    cancelled_by_client: count,
    rejected_busy: count,
  }),
})
export type Heartbeat = z.infer<typeof Heartbeat>

/** One model build on one runtime of the node. */
export const InventoryModel = z.object({
  /** The name under which the runtime serves it. */
  local_name: text,
  runtime_id: text,
  artifact: z.object({
    format: text,
    digest: ArtifactDigest,
    quantization: text.nullable(),
    size_bytes: count.nullable(),
  }),
  context_length: z.int().min(1).nullable(),
  status: z.enum(['installed', 'ready_to_install', 'runtime_missing', 'hardware_unsupported']),
  /** The runtime would fetch the answer elsewhere: never sold. */
  remote: z.boolean(),
})
export type InventoryModel = z.infer<typeof InventoryModel>

/** What a machine is and does not change by itself; a benchmark is evidence for these facts alone. */
export const HostFacts = z.object({
  os: text,
  arch: text,
  driver: text.nullable(),
  gpus: z
    .array(
      z.object({
        uuid: text,
        name: text.nullable(),
        mem_total_mib: count.nullable(),
        compute_capability: text.nullable(),
      }),
    )
    .max(limits.gpusPerNode),
})
export type HostFacts = z.infer<typeof HostFacts>

/** Sent only when a digest changed; `seq` is that of the beat whose reply asked for it. */
export const Inventory = z.object({
  v: z.literal(1),
  node_id: NodeId,
  seq: z.int().min(1),
  models: z.array(InventoryModel).max(limits.modelsPerNode),
  facts: HostFacts,
})
export type Inventory = z.infer<typeof Inventory>

/** What `inventory_digest` of a beat names: the models alone, so that it changes only with them. */
export const inventoryDigest = (models: readonly InventoryModel[]): string =>
  domainHash('b3iq:inventory:v1', models)

/** What `facts_digest` of a beat names. */
export const factsDigest = (facts: HostFacts): string => domainHash('b3iq:host-facts:v1', facts)

export const Gates = z.strictObject({
  fresh: z.boolean(),
  route: z.boolean(),
  protocol: z.boolean(),
  runtime: z.boolean(),
  policy: z.boolean(),
})
export type Gates = z.infer<typeof Gates>

export const Blocker = z.strictObject({
  gate: z.enum(['fresh', 'route', 'protocol', 'runtime', 'policy']),
  code: z.string(),
  message: z.string(),
})
export type Blocker = z.infer<typeof Blocker>

/** The one eligibility object: heartbeat reply, router, /admin/deployments and receipts use it. */
export const Eligibility = z.strictObject({
  profile_id: ProfileId,
  model: z.string(),
  eligible: z.boolean(),
  gates: Gates,
  blockers: z.array(Blocker),
})
export type Eligibility = z.infer<typeof Eligibility>

export const HeartbeatReply = z.object({
  ok: z.literal(true),
  server_time_ms: z.int(),
  next_in_ms: z.int().min(100).max(600_000),
  ttl_ms: z.int(),
  need: z.array(z.enum(['inventory'])),
  route_epoch: z.int().min(1),
  /** Judged one by one by the agent, so that a job of a newer kind does not cost the whole reply. */
  jobs: z.array(z.unknown()).max(limits.jobsPerBeat),
  eligibility: z.array(Eligibility),
  warnings: z.array(z.enum(['clock_skew'])),
  /** Where the beat names another digest; the agent takes over what follows from a root that it trusts. */
  keys: z.object({ digest: Sha256Hex, published: PublishedKeys }).optional(),
})
export type HeartbeatReply = z.infer<typeof HeartbeatReply>
