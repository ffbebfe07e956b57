/**
 * What the owner wants to know in one value: does this node earn, and if not, what is to be done. It
 * is made from what the agent wrote down and from one look at the machine.
 */
import type { Blocker, GpuReport, RuntimeReport } from '../../../src/protocol/heartbeat.ts'
import type { HostConfig } from '../config.ts'
import type { HostState } from '../state-file.ts'

export type Look = {
  readonly runtimes: readonly RuntimeReport[]
  readonly gpus: readonly GpuReport[]
}

export type ClosedGate = Blocker & {
  /** Those that it stops. */
  readonly profile_ids: readonly string[]
}

export type StatusReport = {
  readonly answer: 'earning' | 'not_earning' | 'not_enrolled'
  readonly summary: string
  readonly node: { readonly node_id: string; readonly alias: string; readonly stage: string } | null
  readonly mode: HostConfig['mode']
  readonly agent: HostState['standing']
  readonly last_beat: {
    readonly age_ms: number
    readonly code: string
    readonly message: string
  } | null
  readonly route: { readonly kind: string; readonly proven: boolean; readonly message: string }
  readonly tunnel: string
  readonly profiles: readonly {
    readonly profile_id: string
    readonly model: string
    readonly eligible: boolean
    readonly closed: readonly string[]
  }[]
  readonly closed_gates: readonly ClosedGate[]
} & Look

/** After this the operator takes the node for gone; so does its owner. */
const silentMsMax = 150_000

export function statusReport(
  facts: {
    readonly config: Pick<HostConfig, 'mode' | 'route'>
    readonly state: HostState
    readonly look: Look
  },
  nowMs: number,
): StatusReport {
  const { config, state, look } = facts
  const { enrolment, eligibility } = state
  const beat = lastBeat(state, nowMs)
  const isHeard = beat?.code === 'ok' && beat.age_ms <= silentMsMax
  const closed = closedGates(eligibility)
  const earns = isHeard && eligibility.some((profile) => profile.eligible)
  const answer = enrolment === null ? 'not_enrolled' : earns ? 'earning' : 'not_earning'
  return {
    answer,
    summary: summaryOf({ answer, mode: config.mode, beat, state }),
    node: enrolment && {
      node_id: enrolment.node_id,
      alias: enrolment.alias,
      stage: enrolment.stage,
    },
    mode: config.mode,
    agent: state.standing,
    last_beat: beat,
    route: routeOf(config, { state, isHeard, closed }),
    tunnel: tunnelText(config),
    profiles: eligibility.map(({ profile_id, model, eligible, blockers }) => ({
      profile_id,
      model,
      eligible,
      closed: [...new Set(blockers.map(({ gate }) => gate))],
    })),
    closed_gates: closed,
    ...look,
  }
}

export const exitCodes: Readonly<Record<StatusReport['answer'], number>> = {
  earning: 0,
  not_earning: 1,
  not_enrolled: 2,
}

function lastBeat(state: HostState, nowMs: number): StatusReport['last_beat'] {
  const { last_beat: beat, clock_offset_ms: offsetMs } = state
  if (beat === null) return null
  const age_ms = Math.max(0, nowMs + offsetMs - beat.at_ms)
  return { age_ms, code: beat.code, message: beat.message }
}

/** Each reason once, with the profiles that it stops. */
function closedGates(eligibility: HostState['eligibility']): ClosedGate[] {
  const closed = new Map<string, ClosedGate>()
  for (const { profile_id, blockers } of eligibility) {
    for (const blocker of blockers) {
      const before = closed.get(blocker.code)?.profile_ids ?? []
      closed.set(blocker.code, { ...blocker, profile_ids: [...before, profile_id] })
    }
  }
  return [...closed.values()]
}

function summaryOf(facts: {
  readonly answer: StatusReport['answer']
  readonly mode: HostConfig['mode']
  readonly beat: StatusReport['last_beat']
  readonly state: HostState
}): string {
  const { answer, mode, beat, state } = facts
  if (answer === 'not_enrolled') {
    return mode === 'local'
      ? 'Not enrolled: mode "local" serves your own network and earns nothing.'
      : 'Not enrolled: run b3iq-host enroll with a join code of the operator.'
  }
  if (beat === null) return 'Not earning: no heartbeat was sent yet; start b3iq-host run.'
  if (beat.age_ms > silentMsMax) {
    return 'Not earning: the agent is silent; start b3iq-host run, or read its log.'
  }
  if (beat.code !== 'ok') return `Not earning: the last heartbeat failed (${beat.code}).`
  const { length } = state.eligibility
  if (length === 0) return 'Not earning: the operator sells no model of this node.'
  const eligible = state.eligibility.filter((profile) => profile.eligible).length
  if (eligible === 0) return 'Not earning: every profile has a closed gate; see what to do below.'
  return `Earning with ${eligible} of ${length} ${length === 1 ? 'profile' : 'profiles'}.`
}

function routeOf(
  { route }: Pick<HostConfig, 'route'>,
  by: {
    readonly state: HostState
    readonly isHeard: boolean
    readonly closed: readonly ClosedGate[]
  },
): StatusReport['route'] {
  if (route === undefined) return { kind: 'none', proven: false, message: 'Mode local has none.' }
  const { kind } = route
  const where = route.kind === 'direct' ? route.url : 'the name that the operator gave the tunnel'
  const blocker = by.closed.find(({ gate }) => gate === 'route')
  if (!by.isHeard || by.state.eligibility.length === 0) {
    return { kind, proven: false, message: `${where}: nothing is known of its probes now.` }
  }
  return blocker === undefined
    ? { kind, proven: true, message: `${where}: answers the operator's signed probes.` }
    : { kind, proven: false, message: `${where}: ${blocker.message}` }
}

function tunnelText({ route }: Pick<HostConfig, 'route'>): string {
  if (route?.kind !== 'cloudflared_named') return 'None is needed: the route is direct.'
  return `The agent keeps ${route.program ?? 'cloudflared'} up while it runs.`
}
