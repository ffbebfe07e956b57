/** What an incident pauses: pure, and judged by the clock of whoever asks. */

import type { NodeFacts, NodeProfile } from '../fleet/node.ts'
import { ownerTagOf } from '../fleet/owner-tag.ts'
import type { Candidate } from '../fleet/pool.ts'
import type { ApiError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import type { ActiveIncident, IncidentScope } from './incident.ts'

/** `accountId` is undefined where the platform itself asks. */
export type Asker = { readonly model: string; readonly accountId: string | undefined }

/** The incident that keeps the request from every host. */
export function pausedBy(
  incidents: readonly ActiveIncident[],
  { model, accountId }: Asker,
  nowMs: number,
): ActiveIncident | undefined {
  return find(incidents, nowMs, (scope) => {
    if (scope.kind === 'everything') return true
    if (scope.kind === 'model') return scope.id === model
    return scope.kind === 'customer' && scope.id === accountId
  })
}

export type Pausable = Pick<Candidate, 'nodeId' | 'routeTier' | 'ownerTag'>

/** The incident that keeps this host from every request. */
export function hostPausedBy(
  incidents: readonly ActiveIncident[],
  { nodeId, routeTier, ownerTag }: Pausable,
  nowMs: number,
): ActiveIncident | undefined {
  return find(incidents, nowMs, (scope) => {
    if (scope.kind === 'node') return scope.id === nodeId
    if (scope.kind === 'route_class') return scope.id === routeTier
    return scope.kind === 'owner' && ownerTagOf(scope.id) === ownerTag
  })
}

/** The incident that keeps the platform from asking this profile of its own accord. */
export const measuringPausedBy = (
  incidents: readonly ActiveIncident[],
  { node, profile }: { readonly node: NodeFacts; readonly profile: NodeProfile },
  nowMs: number,
): ActiveIncident | undefined =>
  pausedBy(incidents, { model: profile.model, accountId: undefined }, nowMs) ??
  hostPausedBy(
    incidents,
    {
      nodeId: node.nodeId,
      routeTier: profile.routeTier,
      ownerTag: ownerTagOf(node.ownerId),
    },
    nowMs,
  )

/** The incident that keeps money from leaving. */
export const payoutPausedBy = (
  incidents: readonly ActiveIncident[],
  nowMs: number,
): ActiveIncident | undefined =>
  find(incidents, nowMs, ({ kind }) => kind === 'payout' || kind === 'everything')

function find(
  incidents: readonly ActiveIncident[],
  nowMs: number,
  covers: (scope: IncidentScope) => boolean,
): ActiveIncident | undefined {
  return incidents.find(({ scope, untilMs }) => nowMs < untilMs && covers(scope))
}

/** The refusal of what is paused. Whose host or which owner it is, customers are not told. */
export function incidentError(
  { incidentId, scope, untilMs }: ActiveIncident,
  nowMs: number,
): ApiError {
  const told =
    scope.kind === 'node' || scope.kind === 'owner' || !('id' in scope)
      ? { kind: scope.kind }
      : { kind: scope.kind, id: scope.id }
  return {
    code: 'incident_paused',
    retryAfterSec: Math.min(limits.retryAfterSec, Math.ceil((untilMs - nowMs) / 1000)),
    detail: {
      incident: { id: incidentId, scope: told, until: new Date(untilMs).toISOString() },
    },
  }
}
