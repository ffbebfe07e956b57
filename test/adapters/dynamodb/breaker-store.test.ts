import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeBreakerStore } from '../../../src/adapters/dynamodb/breaker-store.ts'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import { ids } from '../../../src/adapters/system.ts'
import type { Breaker } from '../../../src/fleet/node.ts'
import type { FleetStore } from '../../../src/fleet/ports.ts'
import { stateOf } from '../../../src/routing/breaker.ts'
import type { ServedProfile } from '../../../src/routing/ports.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { aBeat, aNode, nowMs } from './facts.ts'

let engine: EmbeddedDynamodb
let fleet: FleetStore
let breakers: ReturnType<typeof makeBreakerStore>
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  fleet = makeFleetStore(engine)
  breakers = makeBreakerStore(engine, { ids })
})
afterAll(() => engine.stop())

const profileId = 'maker/model@q8'
const second = 1_000
const minute = 60 * second
const hour = 60 * minute

async function beating(): Promise<ServedProfile> {
  const { nodeId } = aNode()
  await fleet.recordBeat(aBeat(nodeId))
  return { nodeId, profileId }
}

async function allOf({ nodeId }: ServedProfile) {
  return (await fleet.readHotItems([nodeId])).get(nodeId)?.breakers
}

const breakerOf = async (at: ServedProfile): Promise<Breaker | undefined> =>
  (await allOf(at))?.[at.profileId]

async function fail(at: ServedProfile, times: number, atMs = nowMs): Promise<void> {
  for (let time = 0; time < times; time += 1) await breakers.countFailure(at, atMs)
}

/** What as many gateways do at the same moment. */
const atOnce = <T>(count: number, act: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, act))

const freeMs = nowMs + 30 * second

async function halfOpen(): Promise<ServedProfile> {
  const at = await beating()
  await fail(at, 5)
  return at
}

describe('failures', () => {
  test('are counted one by one, and the fifth opens the breaker', async () => {
    const at = await beating()
    const window = { fromMs: nowMs, trialUntilMs: 0 }
    for (let failures = 1; failures < 5; failures += 1) {
      await fail(at, 1)
      expect(await breakerOf(at)).toMatchObject({ ...window, failures, openUntilMs: 0, opens: 0 })
    }
    await fail(at, 1, nowMs + second)
    const openUntilMs = nowMs + 31 * second
    expect(await breakerOf(at)).toMatchObject({ ...window, failures: 5, openUntilMs, opens: 1 })
  })

  test('of four gateways at once are all counted', async () => {
    const at = await beating()
    await atOnce(4, () => breakers.countFailure(at, nowMs))
    expect(await breakerOf(at)).toMatchObject({ failures: 4, opens: 0 })
  })

  test.each([5, 50])('of %i gateways at once open it, one time', async (count) => {
    const at = await beating()
    await atOnce(count, () => breakers.countFailure(at, nowMs))
    expect(await breakerOf(at)).toMatchObject({ failures: 5, opens: 1, openUntilMs: freeMs })
  })

  test('of streams that one reset broke at once are one', async () => {
    const at = await beating()
    const dialledMs = nowMs - 20 * second
    await breakers.countFailure(at, nowMs, dialledMs)
    await atOnce(16, () => breakers.countFailure(at, nowMs + 40, dialledMs))
    expect(await breakerOf(at)).toMatchObject({ failures: 1, opens: 0 })
    await breakers.countFailure(at, nowMs + 2 * second, nowMs + second)
    expect(await breakerOf(at)).toMatchObject({ failures: 2 })
  })

  test('begin a new window when the last one is over', async () => {
    const at = await beating()
    await fail(at, 4)
    await atOnce(3, () => breakers.countFailure(at, nowMs + minute))
    expect(await breakerOf(at)).toMatchObject({ failures: 3, fromMs: nowMs + minute, opens: 0 })
  })

  test('of one profile are no others’', async () => {
    const at = await halfOpen()
    const other = { ...at, profileId: 'maker/model@q4' }
    await fail(other, 1)
    expect(await allOf(at)).toMatchObject({
      [profileId]: { failures: 5 },
      [other.profileId]: { failures: 1 },
    })
  })

  test('change nothing while it is open', async () => {
    const at = await halfOpen()
    const before = await breakerOf(at)
    await atOnce(10, () => breakers.countFailure(at, freeMs - 1))
    expect(await breakerOf(at)).toEqual(before)
  })

  test('at once while it is half-open open it again, one time, for twice as long', async () => {
    const at = await halfOpen()
    await atOnce(10, () => breakers.countFailure(at, freeMs))
    expect(await breakerOf(at)).toMatchObject({
      failures: 1,
      fromMs: freeMs,
      openUntilMs: freeMs + minute,
      opens: 2,
      trialUntilMs: 0,
    })
  })

  test('survive a beat', async () => {
    const at = await beating()
    await fail(at, 2)
    const outcome = await fleet.recordBeat(aBeat(at.nodeId, { seq: nowMs + 1 }))
    expect(outcome).toMatchObject({ hot: { breakers: { [profileId]: { failures: 2 } } } })
  })

  test('of a node that never beat make no hot item', async () => {
    const at = { nodeId: aNode().nodeId, profileId }
    await fail(at, 6)
    expect(await breakers.takeTrial(at, freeMs)).toBeUndefined()
    await breakers.close(at, 'trial')
    await breakers.giveBack(at, 'trial')
    expect(await allOf(at)).toBeUndefined()
  })
})

describe('the trial of a half-open breaker', () => {
  test('is one request of many at once', async () => {
    const at = await halfOpen()
    const taken = await atOnce(20, () => breakers.takeTrial(at, freeMs))
    expect(taken.filter((trialId) => trialId !== undefined)).toHaveLength(1)
    expect(await breakerOf(at)).toMatchObject({ trialUntilMs: freeMs + 90 * second })
  })

  test('is free again after 90 s', async () => {
    const at = await halfOpen()
    expect(await breakers.takeTrial(at, freeMs)).toBeDefined()
    expect(await breakers.takeTrial(at, freeMs + 90 * second - 1)).toBeUndefined()
    expect(await breakers.takeTrial(at, freeMs + 90 * second)).toBeDefined()
  })

  test('cannot be taken while it is open, or closed', async () => {
    const at = await halfOpen()
    expect(await breakers.takeTrial(at, freeMs - 1)).toBeUndefined()
    const fine = await beating()
    expect(await breakers.takeTrial(fine, nowMs)).toBeUndefined()
    await fail(fine, 4)
    expect(await breakers.takeTrial(fine, nowMs)).toBeUndefined()
  })

  test('closes it when it was served', async () => {
    const at = await halfOpen()
    const trialId = (await breakers.takeTrial(at, freeMs)) ?? ''
    await breakers.close(at, trialId)
    expect(await allOf(at)).toEqual({})
    await fail(at, 1, freeMs)
    expect(await breakerOf(at)).toMatchObject({ failures: 1, opens: 0 })
  })

  test('does not close what failed meanwhile', async () => {
    const at = await halfOpen()
    const trialId = (await breakers.takeTrial(at, freeMs)) ?? ''
    await fail(at, 1, freeMs + second)
    const again = await breakerOf(at)
    expect(stateOf(again, freeMs + second)).toBe('open')
    await breakers.close(at, trialId)
    await breakers.giveBack(at, trialId)
    expect(await breakerOf(at)).toEqual(again)
  })

  test('that told nothing is given back, and the next request may try at once', async () => {
    const at = await halfOpen()
    const before = await breakerOf(at)
    await breakers.giveBack(at, (await breakers.takeTrial(at, freeMs)) ?? '')
    expect(await breakerOf(at)).toEqual(before)
    expect(await breakers.takeTrial(at, freeMs + 1)).toBeDefined()
  })

  test('is ended by whoever took it, and not by one that came before', async () => {
    const at = await halfOpen()
    const first = (await breakers.takeTrial(at, freeMs)) ?? ''
    await breakers.takeTrial(at, freeMs + 90 * second)
    const standing = await breakerOf(at)
    await breakers.close(at, first)
    await breakers.giveBack(at, first)
    expect(await breakerOf(at)).toEqual(standing)
  })
})

describe('an operator', () => {
  test('closes the breaker that was seen, whatever its state', async () => {
    const at = await halfOpen()
    const seen = await breakerOf(at)
    if (!seen) throw new Error('the breaker is open')
    await breakers.reset(at, seen)
    expect(await allOf(at)).toEqual({})
  })

  test('leaves one that opened since', async () => {
    const at = await halfOpen()
    const seen = await breakerOf(at)
    if (!seen) throw new Error('the breaker is open')
    await fail(at, 1, freeMs)
    await breakers.reset(at, seen)
    expect(await breakerOf(at)).toMatchObject({ opens: 2 })
  })
})

describe('the breakers of a node', () => {
  const of = ({ nodeId }: ServedProfile, index: number) => ({ nodeId, profileId: `p${index}` })

  test('are at most 64: the failures of another profile are not counted', async () => {
    const at = await beating()
    for (let index = 0; index < 65; index += 1) await fail(of(at, index), 1)
    expect(Object.keys((await allOf(at)) ?? {})).toHaveLength(64)
    expect(await breakerOf(of(at, 64))).toBeUndefined()
    await fail(of(at, 63), 1)
    expect(await breakerOf(of(at, 63))).toMatchObject({ failures: 2 })
  })

  test('go an hour after their last news, with the next window that begins', async () => {
    const at = await beating()
    for (let index = 0; index < 10; index += 1) await fail(of(at, index), 1)
    const lateMs = nowMs + minute
    await fail(of(at, 9), 1, lateMs)
    await fail(of(at, 10), 1, nowMs + hour)
    // Eight of nine with one write; the last with the next.
    expect(Object.keys((await allOf(at)) ?? {})).toHaveLength(3)
    await fail(of(at, 11), 1, nowMs + hour)
    expect(Object.keys((await allOf(at)) ?? {}).toSorted()).toEqual(['p10', 'p11', 'p9'])
  })
})
