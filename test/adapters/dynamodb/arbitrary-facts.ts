/** Any value of each stored kind, within what the wire admits. */
import fc from 'fast-check'
import type { HotItem, NodeFacts, NodeProfile } from '../../../src/fleet/node.ts'
import type { CustomerKey } from '../../../src/keys/api-key.ts'
import { formatUsd } from '../../../src/money/nano-usd.ts'
import { OperatorRole, Scope } from '../../../src/protocol/account.ts'
import { RouteTier, TrustTier } from '../../../src/protocol/catalogue.ts'
import { RuntimeKind } from '../../../src/protocol/claim.ts'
import { NodeStatus } from '../../../src/protocol/enrolment.ts'
import { InventoryModel } from '../../../src/protocol/heartbeat.ts'
import { NodeMode, NodeState, QueueHealth } from '../../../src/protocol/node-conditions.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const count = fc.integer({ min: 0, max: 4096 })
const timeMs = fc.integer({ min: 0, max: 4_000_000_000_000 })
const measure = fc.double({ min: 0, max: 1e9, noNaN: true })
const hex64 = fc.stringMatching(/^[0-9a-f]{64}$/)
const nodeId = fc.stringMatching(/^n_[a-z2-7]{26}$/)
const publicKey = fc.stringMatching(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/)
const profileId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,20}$/)
const artifactDigest = fc.oneof(
  hex64.map((hex) => `sha256:${hex}`),
  fc.stringMatching(/^name:[\x21-\x7e]{1,20}$/),
)
const anyOf = <T>(schema: { readonly options: readonly T[] }) => fc.constantFrom(...schema.options)
const orNone = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

const queues = fc
  .uniqueArray(
    fc.tuple(
      text,
      fc.record({
        health: anyOf(QueueHealth),
        reachable: fc.boolean(),
        kind: anyOf(RuntimeKind),
        version: text,
        used: fc.integer({ min: 0, max: 9_999 }),
        capacity: fc.integer({ min: 1, max: 4_096 }),
      }),
    ),
    { maxLength: 8, selector: ([id]) => id },
  )
  .map((entries) => Object.fromEntries(entries))

const breakers = fc.dictionary(
  profileId,
  fc.record({
    failures: count,
    fromMs: timeMs,
    openUntilMs: timeMs,
    opens: count,
    trialUntilMs: timeMs,
  }),
  { maxKeys: 3, noNullPrototype: true },
)

export const anyHotItem: fc.Arbitrary<HotItem> = fc.record({
  nodeId,
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  bootId: fc.uuid(),
  beatAtMs: timeMs,
  state: anyOf(NodeState),
  paidEnabled: fc.boolean(),
  inventoryDigest: hex64,
  factsDigest: hex64,
  steadiness: fc.record({
    returnedAtMs: timeMs,
    beats: count,
    returnsAtMs: fc.array(timeMs, { maxLength: 3 }),
    coolUntilMs: timeMs,
    coolMs: timeMs,
  }),
  formerBoot: orNone(fc.record({ bootId: fc.uuid(), replacedAtMs: timeMs })),
  isRevoked: fc.boolean(),
  queues,
  probe: orNone(fc.record({ okAtMs: timeMs, failures: count, epoch: count })),
  disabledProfiles: fc
    .uniqueArray(profileId, { maxLength: 8 })
    .map((profileIds) => profileIds.toSorted()),
  breakers,
  liveness: fc.constantFrom('never', 'fresh', 'stale', 'offline'),
})

export const anyNode: fc.Arbitrary<NodeFacts> = fc.record({
  nodeId,
  alias: text,
  publicKey,
  ownerId: text,
  status: anyOf(NodeStatus),
  mode: anyOf(NodeMode),
  trustTier: anyOf(TrustTier),
  route: fc.oneof(
    fc.record({
      kind: fc.constant('direct' as const),
      url: fc.webUrl(),
      epoch: count,
      certificateKeySha256: orNone(hex64),
    }),
    fc.record({
      kind: fc.constant('cloudflared_named' as const),
      url: fc.webUrl(),
      epoch: count,
      tunnelId: text,
    }),
  ),
  enrolledAtMs: timeMs,
  region: orNone(fc.stringMatching(/^[a-z0-9-]{1,32}$/)),
  suspension: orNone(
    fc.record({
      reason: fc.constantFrom('operator', 'cloned_identity', 'late_claims'),
      atMs: timeMs,
    }),
  ),
  predecessorId: orNone(nodeId),
  successor: orNone(fc.record({ nodeId, untilMs: timeMs })),
  profilesBasis: orNone(hex64),
})

export const anyProfile: fc.Arbitrary<NodeProfile> = fc.record({
  nodeId,
  profileId,
  model: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,20}$/),
  runtimeId: text,
  runtimeKind: anyOf(RuntimeKind),
  routeTier: anyOf(RouteTier),
  artifactDigest,
  contextLength: fc.integer({ min: 1, max: 10_000_000 }),
  installStatus: anyOf(InventoryModel.shape.status),
  remote: fc.boolean(),
  artifactBytes: orNone(count),
  benchmark: orNone(
    fc.record({
      benchmarkId: text,
      atMs: timeMs,
      expiresAtMs: timeMs,
      artifactDigest,
      runtimeVersion: text,
      factsDigest: hex64,
      routeKind: fc.constantFrom('direct', 'cloudflared_named'),
      harnessVersion: text,
      isPaid: fc.boolean(),
      samples: count,
      firstContentP95Ms: measure,
      prefillTokensPerSecond: measure,
      tokensPerSecondP5: measure,
      concurrencyAtTarget: count,
      errorRate: measure,
      countRatio: fc.option(measure),
      capabilities: fc.record({
        streaming: fc.boolean(),
        usage: fc.boolean(),
        stop: fc.boolean(),
        abort: fc.boolean(),
        tools: fc.boolean(),
        jsonSchema: fc.boolean(),
        logprobs: fc.boolean(),
        vision: orNone(fc.boolean()),
        contextTokens: count,
      }),
      flags: fc.subarray(['above_roofline', 'below_roofline']),
      firstContentP50Ms: measure,
      tokensPerSecondP50: measure,
    }),
  ),
  benchmarkRuns: orNone(
    fc.record({
      startedAtMs: fc.array(timeMs, { maxLength: 3 }),
      triedAtMs: timeMs,
      leaseUntilMs: timeMs,
    }),
  ),
  liveSpeed: orNone(
    fc.record({
      benchmarkId: text,
      requests: count,
      tokensPerSecondP50: measure,
      histogram: orNone(
        fc.record({
          counts: fc.array(count, { maxLength: 32 }),
          pages: fc.array(text, { maxLength: 8 }),
          total: orNone(count),
          folds: count,
        }),
      ),
    }),
  ),
  spotChecks: orNone(
    fc.record({
      passed: count,
      failed: count,
      failures: fc.array(fc.record({ atMs: timeMs, promptId: text }), { maxLength: 2 }),
      condemned: orNone(fc.record({ atMs: timeMs, artifactDigest })),
    }),
  ),
})

const cap = fc.bigInt({ min: 0n, max: 10n ** 21n - 1n })
const ulid = fc.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)

const pattern = fc.stringMatching(/^[a-z/*]{1,12}$/)
const usd = cap.map(formatUsd)

export const anyKey: fc.Arbitrary<CustomerKey> = fc.record({
  keyId: ulid.map((id) => `key_${id}`),
  keyHash: publicKey,
  accountId: ulid.map((id) => `acct_${id}`),
  ordinal: fc.integer({ min: 1, max: 1_000_000 }),
  name: text,
  status: fc.constantFrom('active', 'revoked'),
  scopes: fc.subarray(Scope.options),
  policy: fc.record(
    {
      models_allowed: fc.array(pattern, { maxLength: 4 }),
      models_denied: fc.array(pattern, { maxLength: 4 }),
      route_tiers: fc.subarray(RouteTier.options),
      trust_tiers: fc.subarray(TrustTier.options),
      max_price: fc.record(
        { prompt_usd_per_mtok: usd, completion_usd_per_mtok: usd, unit_usd: usd },
        { requiredKeys: [] },
      ),
      smoke_usd_per_day: usd,
      exposes_node_id: fc.boolean(),
    },
    { requiredKeys: ['exposes_node_id'] },
  ),
  spendPerDay: orNone(cap),
  spendPerMonth: orNone(cap),
  requestsPerMinute: orNone(fc.integer({ min: 1, max: 1_000_000 })),
  tokensPerMinute: orNone(fc.integer({ min: 1, max: 1_000_000_000 })),
  concurrency: orNone(fc.integer({ min: 1, max: 64 })),
  createdAtMs: timeMs,
  expiresAtMs: orNone(timeMs),
  secret: fc.integer({ min: 1, max: 1_000_000 }),
  previousSecretUntilMs: orNone(timeMs),
  spendTightenedAtMs: orNone(timeMs),
  version: fc.integer({ min: 1, max: 1_000_000 }),
})

export const anyOperatorKey = fc.record({
  keyId: text,
  keyHash: publicKey,
  name: text,
  role: anyOf(OperatorRole),
  status: fc.constantFrom('active' as const, 'revoked' as const),
})
