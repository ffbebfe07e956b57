import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createTables, localTableNames } from '../../../src/adapters/dynamodb/create-tables.ts'
import { makeIncidentStore } from '../../../src/adapters/dynamodb/incident-store.ts'
import { ids } from '../../../src/adapters/system.ts'
import type { Incident, IncidentScope } from '../../../src/incidents/incident.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'

const engine = await startEmbeddedDynamodb()
let database = engine
beforeEach(async () => {
  const tables = localTableNames(`test-${crypto.randomUUID().slice(0, 8)}`)
  await createTables(engine.endpoint, tables)
  database = { ...engine, tables }
})
afterAll(() => engine.stop())

const nowMs = Date.UTC(2026, 10, 21)
const store = () => makeIncidentStore(database)
const anIncident = (
  scope: IncidentScope = { kind: 'everything' },
  untilMs = nowMs + 60_000,
): Incident => ({
  incidentId: `inc_${ids.ulid(nowMs)}`,
  scope,
  untilMs,
  reason: 'a fire',
  openedAtMs: nowMs,
  openedBy: 'key_1',
})
const opened = async (incident: Incident, atMs = nowMs): Promise<Incident> => {
  expect(await store().openIncident(incident, atMs)).toBe('opened')
  return incident
}
const activeIds = async () => (await store().readActive()).map(({ incidentId }) => incidentId)
const resolved = { atMs: nowMs + 1, by: 'key_2' }

describe('an incident', () => {
  test('is among the active ones from the write on, until it is resolved', async () => {
    expect(await activeIds()).toEqual([])
    const incident = await opened(anIncident({ kind: 'model', id: 'maker/model' }))
    const { incidentId, scope, untilMs } = incident
    expect(await store().readActive()).toEqual([{ incidentId, scope, untilMs }])
    expect(await store().resolveIncident(incidentId, resolved)).toEqual({
      kind: 'resolved',
      incident: { ...incident, resolved },
    })
    expect(await activeIds()).toEqual([])
    expect(await store().readIncident(incidentId)).toEqual({ ...incident, resolved })
  })

  test('is resolved once: the first word stands', async () => {
    const { incidentId } = await opened(anIncident())
    await store().resolveIncident(incidentId, resolved)
    const again = await store().resolveIncident(incidentId, { atMs: nowMs + 9, by: 'key_3' })
    expect(again).toMatchObject({ kind: 'resolved', incident: { resolved } })
    expect(await store().resolveIncident('inc_0', resolved)).toEqual({ kind: 'unknown_incident' })
  })

  test('whose reply was lost is not listed twice', async () => {
    const incident = await opened(anIncident())
    await opened(incident)
    expect(await activeIds()).toEqual([incident.incidentId])
  })

  test('is listed newest first, whatever became of it', async () => {
    const three = [
      await opened(anIncident()),
      await opened(anIncident()),
      await opened(anIncident()),
    ]
    await store().resolveIncident(three[0]?.incidentId ?? '', resolved)
    const newestFirst = three.map(({ incidentId }) => incidentId).toReversed()
    const first = await store().listIncidents({ limit: 2, after: undefined })
    expect(first.items.map(({ incidentId }) => incidentId)).toEqual(newestFirst.slice(0, 2))
    const second = await store().listIncidents({ limit: 2, after: first.next })
    expect(second).toMatchObject({ items: [{ incidentId: newestFirst[2] }], next: undefined })
  })
})

test('operators who write at the same time lose nothing of each other', async () => {
  const all = [anIncident(), anIncident(), anIncident()]
  await Promise.all(all.map((incident) => opened(incident)))
  expect((await activeIds()).toSorted()).toEqual(all.map(({ incidentId }) => incidentId).toSorted())
})

test('only so many are active, and those that are over make room', async () => {
  for (let count = 0; count < limits.incidentsActive; count += 1) await opened(anIncident())
  expect(await store().openIncident(anIncident(), nowMs)).toBe('too_many')
  const later = await opened(anIncident(undefined, nowMs + 120_000), nowMs + 60_000)
  expect(await activeIds()).toEqual([later.incidentId])
})
