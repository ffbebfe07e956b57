import { describe, expect, it } from 'vitest'
import { freshState, type HostState } from '../../../apps/host/state-file.ts'
import { statusText } from '../../../apps/host/status.ts'

const enrolled: HostState = {
  ...freshState,
  clock_offset_ms: 1_000,
  enrolment: {
    node_id: 'n_n7k4aaaaaaaaaaaaaaaaaaaaaa',
    alias: 'B3IQ-N7K4',
    status: 'active',
    stage: 'test',
    route_epoch: 1,
    ticket_root_public_keys: ['A'.repeat(43)],
    next_in_ms: 15_000,
    ingest_url: 'https://ingest.example',
  },
}
const gates = { fresh: true, route: true, protocol: true, runtime: true, policy: true }

describe('status', () => {
  it('tells of each profile whether it earns, and what to do where it does not', () => {
    const blocker = { gate: 'route' as const, code: 'route_down', message: 'Open the route.' }
    const state: HostState = {
      ...enrolled,
      last_beat: { at_ms: 100_000, code: 'ok', message: '' },
      eligibility: [
        { profile_id: 'a@q8', model: 'maker/a', eligible: true, gates, blockers: [] },
        {
          profile_id: 'b@q4',
          model: 'maker/b',
          eligible: false,
          gates: { ...gates, route: false },
          blockers: [blocker],
        },
      ],
    }
    expect(statusText(state, 111_000)).toBe(
      [
        'B3IQ-N7K4 (n_n7k4aaaaaaaaaaaaaaaaaaaaaa) in stage test',
        'Last heartbeat 12 s ago: accepted',
        'a@q8 for maker/a: eligible',
        'b@q4 for maker/b: not eligible',
        '  route: route_down. Open the route.',
      ].join('\n'),
    )
  })

  it('tells why the last heartbeat was refused', () => {
    const last_beat = { at_ms: 1_000, code: 'pending_approval', message: 'The node waits.' }
    expect(statusText({ ...enrolled, last_beat }, 300_000)).toContain(
      'Last heartbeat 5 min ago: pending_approval. The node waits.',
    )
  })

  it('tells what comes next on a new host', () => {
    expect(statusText(enrolled, 0)).toContain('No heartbeat was sent yet')
    expect(() => statusText(freshState, 0)).toThrow(/is not enrolled: run b3iq-host enroll/)
  })
})
