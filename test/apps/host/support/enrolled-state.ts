/** What the agent of an enrolled host wrote down. */
import { freshState, type HostState } from '../../../../apps/host/state-file.ts'
import type { Blocker, Eligibility } from '../../../../src/protocol/heartbeat.ts'

export const enrolledState: HostState = {
  ...freshState,
  clock_offset_ms: 1_000,
  enrolment: {
    node_id: 'n_n7k4aaaaaaaaaaaaaaaaaaaaaa',
    alias: 'B3IQ-N7K4',
    status: 'active',
    stage: 'test',
    route_epoch: 1,
    ticket_root_public_keys: ['A'.repeat(43)],
    job_public_keys: [],
    next_in_ms: 15_000,
    ingest_url: 'https://ingest.example',
  },
  last_beat: { at_ms: 100_000, code: 'ok', message: '' },
  standing: { state: 'ready', reason: null },
}

/** 12 s after that beat, the clock of the host going 1 s behind. */
export const soonAfterMs = 111_000

export function profile(profileId: string, ...blockers: Blocker[]): Eligibility {
  const open = (gate: Blocker['gate']) => !blockers.some((blocker) => blocker.gate === gate)
  return {
    profile_id: profileId,
    model: `maker/${profileId.split('@')[0]}`,
    eligible: blockers.length === 0,
    gates: {
      fresh: open('fresh'),
      route: open('route'),
      protocol: open('protocol'),
      runtime: open('runtime'),
      policy: open('policy'),
    },
    blockers,
  }
}

export const routeDown: Blocker = { gate: 'route', code: 'route_down', message: 'Open the route.' }
export const benchmarkMissing: Blocker = {
  gate: 'policy',
  code: 'benchmark_missing',
  message: 'One runs by itself.',
}
