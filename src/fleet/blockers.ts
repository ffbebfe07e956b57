/**
 * Why a profile does not earn: every code with the gate it closes, a sentence for the owner saying
 * what to do, and the customer-facing reason it counts under.
 */
import * as z from 'zod'
import type { Blocker } from '../protocol/heartbeat.ts'

type Row = {
  readonly gate: Blocker['gate']
  readonly message: string
  readonly excludedBy: ExcludedBy
}

/** `availability.excluded_by` of a `no_eligible_host` error. */
export const ExcludedBy = z.enum([
  'heartbeat_stale',
  'route_down',
  'protocol_not_ready',
  'runtime_missing',
  'benchmark_stale',
  'route_tier',
  'provider',
  'region',
  'queue_unhealthy',
  'max_price',
  'context_length',
  'require_parameters',
  'incident',
])
export type ExcludedBy = z.infer<typeof ExcludedBy>

export const blockerTable = {
  never_beat: {
    gate: 'fresh',
    message: 'No heartbeat has arrived yet: start the agent with `b3iq-host run`.',
    excludedBy: 'heartbeat_stale',
  },
  heartbeat_stale: {
    gate: 'fresh',
    message: 'The last heartbeat is older than 60 s: check that the agent runs and is online.',
    excludedBy: 'heartbeat_stale',
  },
  draining: {
    gate: 'fresh',
    message: 'The agent is draining: it stops, or waits for the job that resumes it.',
    excludedBy: 'heartbeat_stale',
  },
  paused_by_owner: {
    gate: 'fresh',
    message: 'You paused the agent, or its schedule says not now: resume it or wait.',
    excludedBy: 'heartbeat_stale',
  },
  user_active: {
    gate: 'fresh',
    message: 'Something else uses the GPU: the node serves again when it is free.',
    excludedBy: 'heartbeat_stale',
  },
  degraded: {
    gate: 'fresh',
    message: 'The agent was without the control plane for 10 minutes; the next beats resume it.',
    excludedBy: 'heartbeat_stale',
  },
  just_returned: {
    gate: 'fresh',
    message: 'The node is back from a silence: one more heartbeat and a good probe are due.',
    excludedBy: 'heartbeat_stale',
  },
  cooling_down: {
    gate: 'fresh',
    message: 'The node came and went 3 times within 10 minutes: it rests 2 to 30 minutes.',
    excludedBy: 'heartbeat_stale',
  },
  route_unproven: {
    gate: 'route',
    message: 'The public route has not answered a signed probe yet; one is due within a minute.',
    excludedBy: 'route_down',
  },
  route_down: {
    gate: 'route',
    message: 'The public route fails its probes: check the tunnel or the port of the agent.',
    excludedBy: 'route_down',
  },
  route_probe_stale: {
    gate: 'route',
    message: 'The last good probe is older than 180 s: check the route; probes run every minute.',
    excludedBy: 'route_down',
  },
  not_approved: {
    gate: 'protocol',
    message: 'The node waits for approval by the operator.',
    excludedBy: 'protocol_not_ready',
  },
  node_suspended: {
    gate: 'protocol',
    message: 'The operator suspended or retired this node: ask the operator.',
    excludedBy: 'protocol_not_ready',
  },
  runtime_unreachable: {
    gate: 'runtime',
    message: 'The agent cannot reach the runtime: start it or correct its address.',
    excludedBy: 'runtime_missing',
  },
  profile_not_installed: {
    gate: 'runtime',
    message: 'The model is not installed: install the profile and publish a fresh heartbeat.',
    excludedBy: 'runtime_missing',
  },
  artifact_not_approved: {
    gate: 'runtime',
    message: 'The model file is not one that the catalogue approves: install an approved build.',
    excludedBy: 'runtime_missing',
  },
  remote_model: {
    gate: 'runtime',
    message: 'The runtime fetches this model from elsewhere: only models on this machine are sold.',
    excludedBy: 'runtime_missing',
  },
  breaker_open: {
    gate: 'runtime',
    message:
      'Requests kept failing here: none for up to 10 minutes, then one; see the agent’s log.',
    excludedBy: 'queue_unhealthy',
  },
  mode_not_network: {
    gate: 'policy',
    message: 'The agent is not in network mode: set mode to "network" to earn.',
    excludedBy: 'route_tier',
  },
  paid_disabled: {
    gate: 'policy',
    message: 'Paid work is switched off in the owner limits: set paid_enabled to true.',
    excludedBy: 'route_tier',
  },
  route_tier_closed: {
    gate: 'policy',
    message: 'The operator lists no price for this route and trust tier: use another profile.',
    excludedBy: 'route_tier',
  },
  benchmark_missing: {
    gate: 'policy',
    message: 'No observed benchmark yet: one runs by itself once the other gates are open.',
    excludedBy: 'benchmark_stale',
  },
  benchmark_expired: {
    gate: 'policy',
    message: 'The observed benchmark has expired: the next one runs by itself.',
    excludedBy: 'benchmark_stale',
  },
  benchmark_void: {
    gate: 'policy',
    message: 'Model file or runtime changed since the benchmark: a new one runs by itself.',
    excludedBy: 'benchmark_stale',
  },
  benchmark_stale: {
    gate: 'policy',
    message: 'Live answers are far slower than the benchmark: free the GPU; a new one runs then.',
    excludedBy: 'benchmark_stale',
  },
  spot_checks_failed: {
    gate: 'policy',
    message:
      'Two spot checks found other answers than this build gives: install the approved file.',
    excludedBy: 'runtime_missing',
  },
  queue_blocked: {
    gate: 'policy',
    message: 'The runtime makes no progress: clear its queue or restart it.',
    excludedBy: 'queue_unhealthy',
  },
  queue_unhealthy: {
    gate: 'policy',
    message: 'The runtime reports itself unhealthy: restart it.',
    excludedBy: 'queue_unhealthy',
  },
  disabled_by_operator: {
    gate: 'policy',
    message: 'The operator took this profile out of rotation.',
    excludedBy: 'incident',
  },
} as const satisfies Readonly<Record<string, Row>>

export type BlockerCode = keyof typeof blockerTable

export function blocker(code: BlockerCode): Blocker {
  const { gate, message } = blockerTable[code]
  return { gate, code, message }
}

/** Where operators read on: each code has a section of its own there. */
export const runbookOf = (code: string): string => `docs/runbooks/gates.md#${code}`

export function excludedBy(code: string): ExcludedBy | undefined {
  return isBlockerCode(code) ? blockerTable[code].excludedBy : undefined
}

function isBlockerCode(code: string): code is BlockerCode {
  return Object.hasOwn(blockerTable, code)
}
