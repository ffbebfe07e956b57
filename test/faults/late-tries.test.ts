// The client gives up on a try and makes another one; the first arrives all the same, when the world
// has moved on. It must neither count twice nor undo what was done since.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, makeDatabase } from '../../src/adapters/dynamodb/client.ts'
import { createTables, localTableNames } from '../../src/adapters/dynamodb/create-tables.ts'
import { makeFleetStore } from '../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../src/adapters/dynamodb/join-code-store.ts'
import type { FleetStore } from '../../src/fleet/ports.ts'
import { aBeat, aJoinCode, aNode, nowMs } from '../adapters/dynamodb/facts.ts'
import type { EmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { type FaultProxy, isWrite, startFaultProxy } from '../support/fault-proxy.ts'
import { cases } from './cases.ts'
import { runCase, startPatientDynamodb } from './write-case.ts'

let engine: EmbeddedDynamodb
beforeAll(async () => {
  engine = await startPatientDynamodb()
})
afterAll(() => engine.stop())

/** A node that beats; the first write through `wired` is late. */
async function withLateWrite(
  use: (at: {
    readonly nodeId: string
    readonly direct: FleetStore
    readonly wired: FleetStore
    readonly proxy: FaultProxy
  }) => Promise<void>,
) {
  const tables = localTableNames(`late-${crypto.randomUUID().slice(0, 8)}`)
  await createTables(engine.endpoint, tables)
  const node = aNode({ status: 'active' })
  const directly: Database = { ...engine, tables }
  const direct = makeFleetStore(directly)
  const code = aJoinCode()
  await makeJoinCodeStore(directly).putJoinCode(code)
  await direct.enrolNode(node, code.codeHash)
  await direct.recordBeat(aBeat(node.nodeId, { seq: 1 }))
  const proxy = await startFaultProxy(engine.endpoint)
  try {
    const wired = makeFleetStore(makeDatabase({ tables, endpoint: proxy.endpoint }))
    proxy.plan({ fault: { kind: 'late' }, on: isWrite })
    await use({ nodeId: node.nodeId, direct, wired, proxy })
    expect(proxy.count('late')).toBe(1)
  } finally {
    await proxy.stop()
  }
}

describe('a late try does not undo', () => {
  test('the change of status that came after it', () =>
    withLateWrite(async ({ nodeId, direct, wired, proxy }) => {
      const suspension = { reason: 'operator', atMs: nowMs } as const
      const suspend = { nodeId, from: ['active'], to: 'suspended', suspension } as const
      expect(await wired.changeStatus(suspend)).toBe(true)
      expect(await direct.changeStatus({ nodeId, from: ['suspended'], to: 'active' })).toBe(true)
      await proxy.release()
      expect((await direct.readNode(nodeId))?.status).toBe('active')
    }))

  test('the change of route and mode that came after it', () =>
    withLateWrite(async ({ nodeId, direct, wired, proxy }) => {
      const route = (epoch: number) =>
        ({ kind: 'direct', url: `https://host-${epoch}.example`, epoch }) as const
      const change = { nodeId, mode: 'managed', fromEpoch: 1, route: route(1) } as const
      expect(await wired.changeOffer(change)).toBe(true)
      expect(await direct.changeOffer({ ...change, mode: 'network' })).toBe(true)
      await proxy.release()
      expect((await direct.readNode(nodeId))?.mode).toBe('network')
    }))

  test('a profile put back into rotation', () =>
    withLateWrite(async ({ nodeId, direct, wired, proxy }) => {
      const profile = { nodeId, profileId: 'p1' }
      expect(await wired.setProfileDisabled({ ...profile, isDisabled: true })).toBe(true)
      expect(await direct.setProfileDisabled({ ...profile, isDisabled: false })).toBe(true)
      await proxy.release()
      expect((await direct.readHotItems([nodeId])).get(nodeId)?.disabledProfiles).toEqual([])
    }))

  test('a newer beat', () =>
    withLateWrite(async ({ nodeId, direct, wired, proxy }) => {
      const beat = aBeat(nodeId, { seq: 2, state: 'draining' })
      expect((await wired.recordBeat(beat)).kind).toBe('recorded')
      await direct.recordBeat(aBeat(nodeId, { seq: 3, state: 'ready' }))
      await proxy.release()
      const hot = (await direct.readHotItems([nodeId])).get(nodeId)
      expect(hot).toMatchObject({ seq: 3, state: 'ready' })
    }))

  test('what a newer beat says of liveness', () =>
    withLateWrite(async ({ nodeId, direct, wired, proxy }) => {
      const change = { nodeId, seq: 1, liveness: 'stale' } as const
      expect(await wired.recordLiveness(change)).toBe(true)
      await direct.recordBeat(aBeat(nodeId, { seq: 2 }))
      await proxy.release()
      expect((await direct.readHotItems([nodeId])).get(nodeId)?.liveness).toBe('fresh')
    }))
})

describe('an engine slower than the client waits', () => {
  const delayMs = 3_000
  const timedOut = ['recordBeat', 'createKey', 'reserve', 'post'].flatMap((method) =>
    cases.filter((one) => one.method === method).slice(0, 1),
  )

  test.concurrent.for(timedOut)('changes nothing of $method, $as', async (one, { expect }) => {
    const undisturbed = await runCase(engine, one)
    const slow = { fault: { kind: 'delayed', delayMs }, on: isWrite } as const
    const run = await runCase(engine, one, { plans: [slow], isPatient: false })
    expect(run.writes[0]?.fate).toBe('delayed')
    expect(run.writes).toHaveLength(undisturbed.writes.length + 1)
    expect(run.answer).toEqual(undisturbed.answer)
    expect(run.stored).toEqual(undisturbed.stored)
  })
})
