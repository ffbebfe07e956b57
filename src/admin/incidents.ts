/** Pausing part of the market, and ending the pause before its time. */
import * as z from 'zod'
import type { CatalogueStore, FleetStore } from '../fleet/ports.ts'
import { isoTime } from '../http/iso-time.ts'
import { type Incident, IncidentScope, stateOf } from '../incidents/incident.ts'
import type { IncidentStore } from '../incidents/ports.ts'
import type { AccountStore } from '../ledger/ports.ts'
import { dayMs, type Ids, type NowMs } from '../protocol/clock.ts'
import { IncidentId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { pageFields, toList } from './page.ts'
import type { Call } from './routes.ts'

export type IncidentDeps = {
  readonly incidents: IncidentStore
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly fleet: Pick<FleetStore, 'readNode'>
  readonly accounts: Pick<AccountStore, 'readAccount'>
  readonly ids: Ids
  readonly nowMs: NowMs
}

export const IncidentDraft = z.strictObject({
  scope: IncidentScope,
  reason: z.string().trim().min(1).max(512),
  expires_at: z.iso.datetime({ offset: true }),
})

export const IncidentQuery = z.strictObject({ ...pageFields, after: IncidentId.optional() })

/** Gateways honour it within 5 s of this reply. */
export async function openIncident(
  deps: IncidentDeps,
  { scope, reason, expires_at }: z.infer<typeof IncidentDraft>,
  { by }: Pick<Call, 'by'>,
): Promise<Result<object>> {
  const openedAtMs = deps.nowMs()
  const untilMs = Date.parse(expires_at)
  if (untilMs <= openedAtMs || untilMs > openedAtMs + limits.incidentDays * dayMs) {
    return refuse('invalid_value', {
      param: 'expires_at',
      message: `expires_at must lie within the next ${limits.incidentDays} days.`,
    })
  }
  if (!(await isKnown(deps, scope))) {
    return refuse('invalid_value', {
      param: 'scope.id',
      message: `There is no ${scope.kind} of this id: an incident about it would pause nothing.`,
    })
  }
  const incidentId = `inc_${deps.ids.ulid(openedAtMs)}`
  const incident: Incident = { incidentId, scope, untilMs, reason, openedAtMs, openedBy: by }
  switch (await deps.incidents.openIncident(incident, openedAtMs)) {
    case 'opened':
      return ok(toWireIncident(incident, openedAtMs))
    case 'too_many':
      return refuse('state_conflict', {
        message: `There are ${limits.incidentsActive} active incidents: resolve one first.`,
      })
    case 'contended':
      return changedMeanwhile()
  }
}

/** Resolving again is no error. */
export async function resolveIncident(
  { incidents, nowMs }: IncidentDeps,
  { id, by }: Pick<Call, 'id' | 'by'>,
): Promise<Result<object>> {
  const atMs = nowMs()
  const known = await incidents.readIncident(id)
  if (known && stateOf(known, atMs) === 'expired') {
    return refuse('state_conflict', {
      message: `This incident ended by itself at ${isoTime(known.untilMs)}.`,
      detail: { state: 'expired' },
    })
  }
  const resolved = await incidents.resolveIncident(id, { atMs, by })
  switch (resolved.kind) {
    case 'resolved':
      return ok(toWireIncident(resolved.incident, atMs))
    case 'unknown_incident':
      return refuse('incident_not_found')
    case 'contended':
      return changedMeanwhile()
  }
}

export async function showIncident(
  { incidents, nowMs }: Pick<IncidentDeps, 'incidents' | 'nowMs'>,
  incidentId: string,
): Promise<Result<object>> {
  const incident = await incidents.readIncident(incidentId)
  return incident ? ok(toWireIncident(incident, nowMs())) : refuse('incident_not_found')
}

export async function listIncidents(
  { incidents, nowMs }: IncidentDeps,
  { limit, after }: z.infer<typeof IncidentQuery>,
): Promise<Result<object>> {
  const page = await incidents.listIncidents({ limit, after })
  return ok(toList(page, (one) => toWireIncident(one, nowMs())))
}

/** Owners stand in no list of their own: their word is taken. */
async function isKnown(deps: IncidentDeps, scope: IncidentScope): Promise<boolean> {
  switch (scope.kind) {
    case 'model':
      return (await deps.catalogue.listModels()).some(({ id }) => id === scope.id)
    case 'node':
      return (await deps.fleet.readNode(scope.id)) !== undefined
    case 'customer':
      return (await deps.accounts.readAccount(scope.id)) !== undefined
    default:
      return true
  }
}

const changedMeanwhile = () =>
  refuse('state_conflict', {
    retryable: true,
    message: 'Other incidents changed at the same time: try again.',
  })

function toWireIncident(incident: Incident, nowMs: number) {
  const { resolved } = incident
  return {
    object: 'incident',
    id: incident.incidentId,
    scope: incident.scope,
    reason: incident.reason,
    state: stateOf(incident, nowMs),
    expires_at: isoTime(incident.untilMs),
    opened_by: incident.openedBy,
    opened_at: isoTime(incident.openedAtMs),
    resolved_by: resolved?.by ?? null,
    resolved_at: resolved ? isoTime(resolved.atMs) : null,
  }
}
