/**
 * An operator's pause of part of the market, with a reason and an end. What it pauses is refused or
 * passed over from one moment to the next, and comes back by itself when its time is over.
 */
import * as z from 'zod'
import { RouteTier } from '../protocol/catalogue.ts'
import { AccountId, IncidentId, ModelId, NodeId, OwnerId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'

export const IncidentScope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('route_class'), id: RouteTier }),
  z.strictObject({ kind: z.literal('model'), id: ModelId }),
  z.strictObject({ kind: z.literal('node'), id: NodeId }),
  z.strictObject({ kind: z.literal('owner'), id: OwnerId }),
  z.strictObject({ kind: z.literal('customer'), id: AccountId }),
  z.strictObject({ kind: z.literal('payout') }),
  z.strictObject({ kind: z.literal('everything') }),
])
export type IncidentScope = z.infer<typeof IncidentScope>

/** What those need to know that honour it. */
export const ActiveIncident = z.strictObject({
  incidentId: IncidentId,
  scope: IncidentScope,
  untilMs: z.int(),
})
export type ActiveIncident = z.infer<typeof ActiveIncident>

export const Incident = ActiveIncident.extend({
  reason: z.string(),
  openedAtMs: z.int(),
  openedBy: z.string(),
  resolved: z.strictObject({ atMs: z.int(), by: z.string() }).optional(),
})
export type Incident = z.infer<typeof Incident>

export type IncidentState = 'active' | 'resolved' | 'expired'

export function stateOf({ resolved, untilMs }: Incident, nowMs: number): IncidentState {
  if (resolved) return 'resolved'
  return nowMs < untilMs ? 'active' : 'expired'
}

/** As many as may be active: the list of them is read whole. */
export const ActiveIncidents = z.array(ActiveIncident).max(limits.incidentsActive)
