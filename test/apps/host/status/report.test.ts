import { describe, expect, it } from 'vitest'
import { freshState, type HostState } from '../../../../apps/host/state-file.ts'
import { exitCodes, statusReport } from '../../../../apps/host/status/report.ts'
import {
  benchmarkMissing,
  enrolledState,
  profile,
  routeDown,
  soonAfterMs,
} from '../support/enrolled-state.ts'

const config = { mode: 'network', route: { kind: 'direct', url: 'https://node.example' } } as const
const look = { runtimes: [], gpus: [] }
const reportOf = (state: Partial<HostState>, change: Partial<typeof config> = {}) =>
  statusReport(
    { config: { ...config, ...change }, state: { ...enrolledState, ...state }, look },
    soonAfterMs,
  )

const refused = { at_ms: 100_000, code: 'pending_approval', message: 'The node waits.' }

describe('the answer', () => {
  it.each<[string, Partial<HostState>, string, number]>([
    [
      'one of two',
      { eligibility: [profile('a@q8'), profile('b@q4', routeDown)] },
      'Earning with 1 of 2 profiles.',
      0,
    ],
    ['the only one', { eligibility: [profile('a@q8')] }, 'Earning with 1 of 1 profile.', 0],
    [
      'all closed',
      { eligibility: [profile('b@q4', routeDown)] },
      'every profile has a closed gate',
      1,
    ],
    ['nothing sold', {}, 'sells no model of this node', 1],
    [
      'refused',
      { last_beat: refused, eligibility: [profile('a@q8')] },
      'failed (pending_approval)',
      1,
    ],
    [
      'silent',
      { last_beat: { at_ms: -40_000, code: 'ok', message: '' }, eligibility: [profile('a@q8')] },
      'start b3iq-host run',
      1,
    ],
    ['never run', { last_beat: null }, 'no heartbeat was sent yet', 1],
    ['not enrolled', freshState, 'run b3iq-host enroll', 2],
  ])('%s', (_, state, summary, exitCode) => {
    const report = reportOf(state)
    expect(report.summary).toContain(summary)
    expect(exitCodes[report.answer]).toBe(exitCode)
  })
})

describe('a closed gate', () => {
  it('is told once for all profiles that it stops', () => {
    const { closed_gates, profiles } = reportOf({
      eligibility: [profile('a@q8', routeDown), profile('b@q4', routeDown, benchmarkMissing)],
    })
    expect(closed_gates).toEqual([
      { ...routeDown, profile_ids: ['a@q8', 'b@q4'] },
      { ...benchmarkMissing, profile_ids: ['b@q4'] },
    ])
    expect(profiles.map(({ closed }) => closed)).toEqual([['route'], ['route', 'policy']])
  })
})

describe('the route', () => {
  it('is proven while the operator says that its probes are answered', () => {
    const { route } = reportOf({ eligibility: [profile('a@q8', benchmarkMissing)] })
    expect(route).toMatchObject({ kind: 'direct', proven: true })
    expect(route.message).toContain('https://node.example')
  })

  it.each<[string, Partial<HostState>, string]>([
    ['down', { eligibility: [profile('a@q8', routeDown)] }, 'Open the route.'],
    ['not known', { last_beat: null, eligibility: [profile('a@q8')] }, 'nothing is known'],
  ])('is not when it is %s', (_, state, message) => {
    const { route } = reportOf(state)
    expect(route.proven).toBe(false)
    expect(route.message).toContain(message)
  })
})
