/** Incidents in the Profiles table, and beside them the list of those that are active. */
import * as z from 'zod'
import { type ActiveIncident, ActiveIncidents, Incident } from '../../../incidents/incident.ts'
import { Int } from '../item-fields.ts'
import { fromBody, toBody } from './json-body.ts'

export const incidentsPartition = 'incidents'
/** Begins the id of every incident, and so the sort key. */
export const incidentPrefix = 'inc_'

export const incidentKey = (incidentId: string) => ({ pk: incidentsPartition, sk: incidentId })

export const toIncidentItem = (incident: Incident) => ({
  ...incidentKey(incident.incidentId),
  body: toBody(incident, 'an incident'),
})
export const fromIncidentItem = (item: unknown): Incident => fromBody(Incident, item)

export const activeIncidentsKey = { pk: incidentsPartition, sk: '#active' }

/** Its revision is the condition of every write. */
export type ActiveList = { readonly rev: number; readonly incidents: readonly ActiveIncident[] }

export const toActiveItem = ({ rev, incidents }: ActiveList) => ({
  ...activeIncidentsKey,
  rev,
  body: toBody(incidents, 'the list of active incidents'),
})

const ActiveItem = z.object({ rev: Int })

export function fromActiveItem(item: unknown): ActiveList {
  if (item === undefined) return { rev: 0, incidents: [] }
  return { rev: ActiveItem.parse(item).rev, incidents: fromBody(ActiveIncidents, item) }
}
