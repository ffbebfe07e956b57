/**
 * Incidents. Each change writes the incident and the list of active ones in one transaction, on the
 * revision of the list that was read: what gateways honour and what operators are shown never differ.
 */
import type { ActiveIncident, Incident } from '../../incidents/incident.ts'
import type { IncidentStore } from '../../incidents/ports.ts'
import { limits } from '../../protocol/limits.ts'
import { readActiveList } from './active-incidents.ts'
import type { TransactItem } from './client/inputs.ts'
import type { Database } from './client.ts'
import {
  type ActiveList,
  fromIncidentItem,
  incidentKey,
  incidentPrefix,
  incidentsPartition,
  toActiveItem,
  toIncidentItem,
} from './items/incident-item.ts'
import { newestFirst } from './newest-first.ts'
import { transact } from './transact.ts'

/** Operators are few: who finds the list changed this often meets a fault and not a colleague. */
const attemptsMax = 5

export function makeIncidentStore(database: Database): IncidentStore {
  const { client, tables } = database
  const TableName = tables.profiles

  const readIncident = async (incidentId: string) => {
    const Key = incidentKey(incidentId)
    const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
    return Item && fromIncidentItem(Item)
  }
  const readList = () => readActiveList(database)
  const write = async (incident: Incident, to: ActiveList) => {
    const outcome = await transact(database, [
      { Put: { TableName, Item: toIncidentItem(incident) } },
      listWrite(TableName, to),
    ])
    return outcome.kind === 'committed'
  }

  return {
    readActive: async () => (await readList()).incidents,
    readIncident,
    listIncidents: async (page) => {
      const at = { pk: incidentsPartition, prefix: '', first: incidentPrefix }
      const { items, next } = await newestFirst(database, at, page)
      return { items: items.map(fromIncidentItem), next }
    },
    openIncident: async (incident, nowMs) => {
      const { incidentId, scope, untilMs } = incident
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        const { rev, incidents } = await readList()
        // An earlier try whose reply was lost.
        if (incidents.some((one) => one.incidentId === incidentId)) return 'opened'
        const active = incidents.filter((one) => nowMs < one.untilMs)
        if (active.length >= limits.incidentsActive) return 'too_many'
        const to = { rev: rev + 1, incidents: [...active, { incidentId, scope, untilMs }] }
        if (await write(incident, to)) return 'opened'
      }
      return 'contended'
    },
    resolveIncident: async (incidentId, resolved) => {
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        const [incident, { rev, incidents }] = [await readIncident(incidentId), await readList()]
        if (!incident) return { kind: 'unknown_incident' }
        if (incident.resolved) return { kind: 'resolved', incident }
        const changed = { ...incident, resolved }
        const left = incidents.filter((one: ActiveIncident) => one.incidentId !== incidentId)
        if (await write(changed, { rev: rev + 1, incidents: left })) {
          return { kind: 'resolved', incident: changed }
        }
      }
      return { kind: 'contended' }
    },
  }
}

const listWrite = (TableName: string, to: ActiveList): TransactItem => ({
  Put: {
    TableName,
    Item: toActiveItem(to),
    ConditionExpression: to.rev === 1 ? 'attribute_not_exists(pk)' : 'rev = :from',
    ...(to.rev === 1 ? {} : { ExpressionAttributeValues: { ':from': to.rev - 1 } }),
  },
})
