import { describe, expect, test } from 'vitest'
import { ownerTagOf } from '../../src/fleet/owner-tag.ts'
import type { ActiveIncident, IncidentScope } from '../../src/incidents/incident.ts'
import {
  hostPausedBy,
  incidentError,
  pausedBy,
  payoutPausedBy,
} from '../../src/incidents/paused.ts'

const nowMs = 1_763_700_000_000
const incident = (scope: IncidentScope, untilMs = nowMs + 1): ActiveIncident => ({
  incidentId: `inc_${scope.kind}`,
  scope,
  untilMs,
})
const model = 'maker/model'
const accountId = 'acct_1'
const asker = { model, accountId }
const host = { nodeId: 'n_1', routeTier: 'portable_local', ownerTag: ownerTagOf('alice') } as const

const scopes: readonly [IncidentScope, 'request' | 'host' | 'payout' | 'both' | 'none'][] = [
  [{ kind: 'everything' }, 'both'],
  [{ kind: 'payout' }, 'payout'],
  [{ kind: 'model', id: model }, 'request'],
  [{ kind: 'model', id: 'maker/other' }, 'none'],
  [{ kind: 'customer', id: accountId }, 'request'],
  [{ kind: 'customer', id: 'acct_2' }, 'none'],
  [{ kind: 'node', id: 'n_1' }, 'host'],
  [{ kind: 'node', id: 'n_2' }, 'none'],
  [{ kind: 'owner', id: 'alice' }, 'host'],
  [{ kind: 'owner', id: 'bob' }, 'none'],
  [{ kind: 'route_class', id: 'portable_local' }, 'host'],
  [{ kind: 'route_class', id: 'network_beta' }, 'none'],
]

describe('an incident pauses', () => {
  test.each(scopes)('%j: %s', (scope, what) => {
    const all = [incident(scope)]
    expect({
      request: pausedBy(all, asker, nowMs) !== undefined,
      host: hostPausedBy(all, host, nowMs) !== undefined,
      payout: payoutPausedBy(all, nowMs) !== undefined,
    }).toEqual({
      request: what === 'request' || what === 'both',
      host: what === 'host',
      payout: what === 'payout' || what === 'both',
    })
  })

  test('nothing any more from its last millisecond on', () => {
    const over = [incident({ kind: 'everything' }, nowMs)]
    expect(pausedBy(over, asker, nowMs - 1)).toBeDefined()
    expect(pausedBy(over, asker, nowMs)).toBeUndefined()
    expect(payoutPausedBy(over, nowMs)).toBeUndefined()
  })

  test('no host of an unknown owner', () => {
    const { ownerTag: _, ...unknown } = host
    expect(hostPausedBy([incident({ kind: 'owner', id: 'alice' })], unknown, nowMs)).toBeUndefined()
  })
})

test.each([
  [59_001, 60],
  [1, 1],
  [3_600_000, 60],
])('a pause of %d ms more is to be tried again after %d s', (leftMs, seconds) => {
  const error = incidentError(incident({ kind: 'payout' }, nowMs + leftMs), nowMs)
  expect(error).toMatchObject({ code: 'incident_paused', retryAfterSec: seconds })
})
