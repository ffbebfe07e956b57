import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Liveness, NodeFacts } from '../../src/fleet/node.ts'
import { syntheticOwnerId } from '../../src/fleet/synthetic.ts'
import { expireHeartbeats } from '../../src/schedules/expire-heartbeats.ts'
import { aBeat, aNode } from '../adapters/dynamodb/facts.ts'
import { type EnrolledFleet, startEnrolledFleet } from '../support/enrolled-fleet.ts'

let bench: EnrolledFleet
beforeEach(async () => {
  bench = await startEnrolledFleet()
})
afterEach(() => bench.stop())

const silent = () => undefined
const run = (laterMs: number) =>
  expireHeartbeats({ fleet: bench.fleet, nowMs: () => Date.now() + laterMs, log: silent })
const none = { retired: 0, isGraceGranted: false }
const livenessOf = async (nodeId: string): Promise<Liveness | undefined> =>
  (await bench.fleet.readRow(nodeId))?.hot?.liveness

test('a node is recorded stale after 60 s and offline after 150 s', async () => {
  const { nodeId } = await bench.enrol()
  await bench.enrol({ beat: 'none', probe: 'none' })
  expect(await run(0)).toEqual({ never: 1, fresh: 1, stale: 0, offline: 0, ...none })
  expect(await livenessOf(nodeId)).toBe('fresh')
  expect(await run(61_000)).toEqual({ never: 1, fresh: 0, stale: 1, offline: 0, ...none })
  expect(await livenessOf(nodeId)).toBe('stale')
  expect(await run(151_000)).toEqual({ never: 1, fresh: 0, stale: 0, offline: 1, ...none })
  expect(await livenessOf(nodeId)).toBe('offline')
})

test('a second run changes nothing', async () => {
  await bench.enrol()
  const first = await run(61_000)
  let writes = 0
  const fleet = {
    ...bench.fleet,
    recordLiveness: async () => {
      writes += 1
      return true
    },
  }
  const again = await expireHeartbeats({ fleet, nowMs: () => Date.now() + 61_000, log: silent })
  expect(again).toEqual(first)
  expect(writes).toBe(0)
})

test('a beat that arrives while the run looks is the newer truth', async () => {
  const { nodeId } = await bench.enrol()
  const later = Date.now() + 70_000
  const outcomes: boolean[] = []
  const racing = {
    ...bench.fleet,
    async *rows() {
      for await (const row of bench.fleet.rows()) {
        await bench.fleet.recordBeat(aBeat(nodeId, { seq: later, beatAtMs: later }))
        yield row
      }
    },
    recordLiveness: async (change: Parameters<typeof bench.fleet.recordLiveness>[0]) => {
      const isRecorded = await bench.fleet.recordLiveness(change)
      outcomes.push(isRecorded)
      return isRecorded
    },
  }
  await expireHeartbeats({ fleet: racing, nowMs: () => later, log: silent })
  expect(outcomes).toEqual([false])
  expect(await livenessOf(nodeId)).toBe('fresh')
})

test('the nodes that are not offline are counted, for the pace of their beats', async () => {
  await bench.enrol()
  await bench.enrol()
  await bench.enrol({ beat: 'none', probe: 'none' })
  await run(0)
  expect((await bench.fleet.readFleetState()).activeNodes).toBe(2)
  await run(100_000)
  expect((await bench.fleet.readFleetState()).activeNodes).toBe(2)
  await run(151_000)
  expect((await bench.fleet.readFleetState()).activeNodes).toBe(0)
})

test('a key whose successor has had its day is retired, and no other', async () => {
  const untilMs = Date.now() + 5_000
  const replaced = async (status: 'active' | 'suspended') => {
    const node = await bench.enrol()
    const to = { ...aNode(), predecessorId: node.nodeId }
    await bench.fleet.rotateNode(to, untilMs)
    const suspension = { reason: 'operator', atMs: untilMs } as const
    const change = { nodeId: node.nodeId, from: ['active'], to: 'suspended', suspension } as const
    if (status === 'suspended') await bench.fleet.changeStatus(change)
    return node.nodeId
  }
  const [old, suspended] = [await replaced('active'), await replaced('suspended')]
  expect(await run(0)).toMatchObject({ retired: 0 })
  expect(await run(5_000)).toMatchObject({ retired: 1 })
  expect(await run(5_000)).toMatchObject({ retired: 0 })
  expect((await bench.fleet.readNode(old))?.status).toBe('retired')
  expect((await bench.fleet.readNode(suspended))?.status).toBe('suspended')
})

describe('a silence of many hosts', () => {
  const hosts = async (count: number, changes: Partial<NodeFacts> = {}) => {
    const made = []
    for (let index = 0; index < count; index += 1) {
      made.push(await bench.enrol({ node: { trustTier: 'T1', ...changes } }))
    }
    return made
  }
  const synthetic = (changes: Partial<NodeFacts> = {}) =>
    bench.enrol({ node: { ownerId: syntheticOwnerId, mode: 'managed', ...changes } })

  test('together with our own is granted grace: nobody is recorded stale, all stay counted', async () => {
    const [host] = await hosts(10)
    await synthetic()
    await run(0)
    expect(await run(70_000)).toMatchObject({ stale: 11, isGraceGranted: true })
    expect(await livenessOf(host?.nodeId ?? '')).toBe('fresh')
    const { grace, activeNodes } = await bench.fleet.readFleetState()
    expect(activeNodes).toBe(11)
    expect((grace?.untilMs ?? 0) - (grace?.fromMs ?? 0)).toBe(300_000)
    expect(await run(100_000)).toMatchObject({ isGraceGranted: false })
    await run(400_000)
    expect(await livenessOf(host?.nodeId ?? '')).toBe('offline')
  })

  test('while our own node is heard is theirs', async () => {
    const [host] = await hosts(10)
    const { nodeId } = await synthetic()
    const later = Date.now() + 70_000
    await bench.fleet.recordBeat(aBeat(nodeId, { seq: later, beatAtMs: later }))
    expect(await run(70_000)).toMatchObject({ stale: 10, isGraceGranted: false })
    expect(await livenessOf(host?.nodeId ?? '')).toBe('stale')
  })

  test('without a node of our own is theirs', async () => {
    await hosts(10)
    expect(await run(70_000)).toMatchObject({ stale: 10, isGraceGranted: false })
  })

  test.each(['pending', 'suspended', 'retired'] as const)(
    'is theirs when our own node is %s: nobody listens to it',
    async (status) => {
      await hosts(10)
      await synthetic({ status })
      expect(await run(70_000)).toMatchObject({ stale: 11, isGraceGranted: false })
      expect((await bench.fleet.readFleetState()).activeNodes).toBe(11)
    },
  )

  test('hides behind no barred node of ours that still seems to beat', async () => {
    await hosts(10)
    await synthetic()
    const barred = await synthetic({ status: 'suspended' })
    const later = Date.now() + 70_000
    await bench.fleet.recordBeat(aBeat(barred.nodeId, { seq: later, beatAtMs: later }))
    expect(await run(70_000)).toMatchObject({ isGraceGranted: true })
  })

  test('is that of nodes in network mode: others beat too seldom to tell', async () => {
    await hosts(5)
    await hosts(5, { mode: 'managed' })
    await synthetic()
    expect(await run(70_000)).toMatchObject({ stale: 11, isGraceGranted: false })
  })
})
