import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTables, localTableNames } from '../../../src/adapters/dynamodb/create-tables.ts'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import type { FleetStore } from '../../../src/fleet/ports.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { nowMs } from './facts.ts'

const minute = 60_000

let engine: EmbeddedDynamodb
let fleet: FleetStore
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
})
beforeEach(async () => {
  const tables = localTableNames(`state-${crypto.randomUUID().slice(0, 8)}`)
  await createTables(engine.endpoint, tables)
  fleet = makeFleetStore({ ...engine, tables })
})
afterAll(() => engine.stop())

const graceFrom = (fromMs: number) => ({ fromMs, untilMs: fromMs + 5 * minute })

test('before anything was written nobody is active and nothing is excused', async () => {
  expect(await fleet.readFleetState()).toEqual({ activeNodes: 0, grace: undefined })
})

test('the count and the grace are written apart and do not undo each other', async () => {
  await fleet.writeActiveNodes(7)
  await fleet.grantGrace(graceFrom(nowMs))
  await fleet.writeActiveNodes(8)
  expect(await fleet.readFleetState()).toEqual({ activeNodes: 8, grace: graceFrom(nowMs) })
})

describe('grace is granted', () => {
  test('at most once within an hour, to the millisecond', async () => {
    expect(await fleet.grantGrace(graceFrom(nowMs))).toBe(true)
    expect(await fleet.grantGrace(graceFrom(nowMs + 60 * minute - 1))).toBe(false)
    expect((await fleet.readFleetState()).grace).toEqual(graceFrom(nowMs))
    expect(await fleet.grantGrace(graceFrom(nowMs + 60 * minute))).toBe(true)
    expect((await fleet.readFleetState()).grace).toEqual(graceFrom(nowMs + 60 * minute))
  })

  test('once, though two runs of the schedule see the same silence', async () => {
    const outcomes = await Promise.all(
      [0, 1, 2].map((ms) => fleet.grantGrace(graceFrom(nowMs + ms))),
    )
    expect(outcomes.filter(Boolean)).toHaveLength(1)
  })
})
