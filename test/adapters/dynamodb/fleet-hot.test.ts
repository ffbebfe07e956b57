import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import type { HotItem } from '../../../src/fleet/node.ts'
import type { FleetStore } from '../../../src/fleet/ports.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { anyHotItem } from './arbitrary-facts.ts'
import { aBeat, aNode, nowMs } from './facts.ts'
import { withFaults } from './faults.ts'

let engine: EmbeddedDynamodb
let fleet: FleetStore
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  fleet = makeFleetStore(engine)
})
afterAll(() => engine.stop())

async function beating(seq = nowMs): Promise<string> {
  const { nodeId } = aNode()
  await fleet.recordBeat(aBeat(nodeId, { seq }))
  return nodeId
}

async function hotOf(nodeId: string): Promise<HotItem> {
  const hot = (await fleet.readHotItems([nodeId])).get(nodeId)
  if (!hot) throw new Error('the node has a hot item')
  return hot
}

describe('a beat', () => {
  test('is recorded as it came, fresh, and answered with the whole hot item', async () => {
    const beats = anyHotItem.map(
      ({ probe, disabledProfiles, liveness, isRevoked, ...beat }) => beat,
    )
    await fc.assert(
      fc.asyncProperty(beats, async (beat) => {
        const outcome = await fleet.recordBeat(beat)
        const others = {
          probe: undefined,
          disabledProfiles: [],
          breakers: {},
          liveness: 'fresh',
          isRevoked: false,
        }
        expect(outcome).toEqual({ kind: 'recorded', hot: { ...beat, ...others } })
      }),
      { numRuns: 40 },
    )
  })

  test('is one call to the database', async () => {
    const commands: string[] = []
    const watched = withFaults(engine, ({ command }) => commands.push(command ?? ''))
    await makeFleetStore(watched).recordBeat(aBeat(aNode().nodeId))
    expect(commands).toEqual(['UpdateItem'])
  })

  test.each([
    ['the same', 0],
    ['a lower', -1],
  ])('with %s sequence number changes nothing and hears the last one', async (_, step) => {
    const nodeId = await beating(1_000)
    const replay = aBeat(nodeId, { seq: 1_000 + step, state: 'draining' })
    expect(await fleet.recordBeat(replay)).toEqual({ kind: 'seq_replay', lastSeq: 1_000 })
    expect((await hotOf(nodeId)).state).toBe('ready')
  })

  test('of fifty at once: the highest stands and none is recorded below it', async () => {
    const { nodeId } = aNode()
    const seqs = Array.from({ length: 50 }, (_, index) => index + 1)
    const outcomes = await Promise.all(
      seqs.map((seq) => fleet.recordBeat(aBeat(nodeId, { seq, beatAtMs: nowMs + seq }))),
    )
    expect(outcomes.at(-1)?.kind).toBe('recorded')
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind === 'recorded') expect(outcome.hot.seq).toBe(index + 1)
      else expect(outcome.lastSeq).toBeGreaterThan(index + 1)
    }
    expect(await hotOf(nodeId)).toMatchObject({ seq: 50, beatAtMs: nowMs + 50 })
  })

  test('without a former boot forgets the one on record', async () => {
    const { nodeId } = aNode()
    const formerBoot = { bootId: '00000000-0000-4000-8000-000000000000', replacedAtMs: nowMs }
    await fleet.recordBeat(aBeat(nodeId, { seq: 1, formerBoot }))
    expect((await hotOf(nodeId)).formerBoot).toEqual(formerBoot)
    await fleet.recordBeat(aBeat(nodeId, { seq: 2 }))
    expect((await hotOf(nodeId)).formerBoot).toBeUndefined()
  })

  test('leaves the probe and the disabled profiles alone', async () => {
    const nodeId = await beating(1)
    await fleet.recordProbe({ nodeId, epoch: 1, atMs: nowMs, isGood: true })
    await fleet.setProfileDisabled({ nodeId, profileId: 'p1', isDisabled: true })
    const outcome = await fleet.recordBeat(aBeat(nodeId, { seq: 2 }))
    expect(outcome).toMatchObject({
      kind: 'recorded',
      hot: { probe: { okAtMs: nowMs, failures: 0, epoch: 1 }, disabledProfiles: ['p1'] },
    })
  })
})

describe('liveness', () => {
  test('is recorded while no beat came in between', async () => {
    const nodeId = await beating(1)
    expect(await fleet.recordLiveness({ nodeId, seq: 1, liveness: 'stale' })).toBe(true)
    expect((await hotOf(nodeId)).liveness).toBe('stale')
  })

  test('loses against a beat, which makes the node fresh again', async () => {
    const nodeId = await beating(1)
    await fleet.recordLiveness({ nodeId, seq: 1, liveness: 'stale' })
    await fleet.recordBeat(aBeat(nodeId, { seq: 2 }))
    expect(await fleet.recordLiveness({ nodeId, seq: 1, liveness: 'offline' })).toBe(false)
    expect((await hotOf(nodeId)).liveness).toBe('fresh')
  })

  test('of a node that never beat is not recorded', async () => {
    const { nodeId } = aNode()
    expect(await fleet.recordLiveness({ nodeId, seq: 1, liveness: 'stale' })).toBe(false)
    expect(await fleet.readHotItems([nodeId])).toEqual(new Map())
  })
})

describe('probes', () => {
  type Probe = readonly ['good' | 'bad', { readonly epoch: number; readonly at: number }]
  const probed = async (...probes: readonly Probe[]) => {
    const nodeId = await beating()
    for (const [kind, { epoch, at }] of probes) {
      await fleet.recordProbe({ nodeId, epoch, atMs: at, isGood: kind === 'good' })
    }
    return (await hotOf(nodeId)).probe
  }

  test('none: the route is unproven', async () => {
    expect(await probed()).toBeUndefined()
  })

  test('a good one proves the route', async () => {
    expect(await probed(['good', { epoch: 1, at: 10 }])).toEqual({
      okAtMs: 10,
      failures: 0,
      epoch: 1,
    })
  })

  test('bad ones count up and keep the last good one', async () => {
    const probe = await probed(
      ['good', { epoch: 1, at: 10 }],
      ['bad', { epoch: 1, at: 20 }],
      ['bad', { epoch: 1, at: 30 }],
    )
    expect(probe).toEqual({ okAtMs: 10, failures: 2, epoch: 1 })
  })

  test('one good one clears the failures', async () => {
    const probe = await probed(['bad', { epoch: 1, at: 10 }], ['good', { epoch: 1, at: 20 }])
    expect(probe).toEqual({ okAtMs: 20, failures: 0, epoch: 1 })
  })

  test.each(['good', 'bad'] as const)('a %s one of a new epoch starts anew', async (kind) => {
    const probe = await probed(
      ['good', { epoch: 1, at: 10 }],
      ['bad', { epoch: 1, at: 20 }],
      [kind, { epoch: 2, at: 30 }],
    )
    const isGood = kind === 'good'
    expect(probe).toEqual({ okAtMs: isGood ? 30 : 0, failures: isGood ? 0 : 1, epoch: 2 })
  })

  test.each([
    ['of an older epoch', { epoch: 1, at: 99 }],
    ['sent again', { epoch: 2, at: 20 }],
    ['that comes late', { epoch: 2, at: 15 }],
  ])('one %s changes nothing', async (_, at) => {
    const before = [
      ['good', { epoch: 2, at: 10 }],
      ['bad', { epoch: 2, at: 20 }],
    ] as const
    const expected = { okAtMs: 10, failures: 1, epoch: 2 }
    expect(await probed(...before, ['good', at])).toEqual(expected)
    expect(await probed(...before, ['bad', at])).toEqual(expected)
  })

  test('of a node that never beat are forgotten', async () => {
    const { nodeId } = aNode()
    await fleet.recordProbe({ nodeId, epoch: 1, atMs: nowMs, isGood: true })
    await fleet.recordProbe({ nodeId, epoch: 1, atMs: nowMs + 1, isGood: false })
    expect(await fleet.readHotItems([nodeId])).toEqual(new Map())
  })
})

describe('profiles out of rotation', () => {
  const change = (nodeId: string, profileId: string, isDisabled: boolean) =>
    fleet.setProfileDisabled({ nodeId, profileId, isDisabled })

  test('are taken out and put back one by one, as often as asked', async () => {
    const nodeId = await beating()
    expect(await change(nodeId, 'p2', true)).toBe(true)
    expect(await change(nodeId, 'p1', true)).toBe(true)
    expect(await change(nodeId, 'p1', true)).toBe(true)
    expect((await hotOf(nodeId)).disabledProfiles).toEqual(['p1', 'p2'])
    expect(await change(nodeId, 'p1', false)).toBe(true)
    expect(await change(nodeId, 'p2', false)).toBe(true)
    expect(await change(nodeId, 'p2', false)).toBe(true)
    expect((await hotOf(nodeId)).disabledProfiles).toEqual([])
  })

  test('are all kept when several operators act at once', async () => {
    const nodeId = await beating()
    const profileIds = Array.from({ length: 12 }, (_, index) => `p${index}`)
    await Promise.all(profileIds.map((profileId) => change(nodeId, profileId, true)))
    expect((await hotOf(nodeId)).disabledProfiles).toEqual(profileIds.toSorted())
  })

  test('are at most 64', async () => {
    const nodeId = await beating()
    for (let index = 0; index < 64; index += 1) await change(nodeId, `p${index}`, true)
    await expect(change(nodeId, 'p64', true)).rejects.toThrow('at most 64')
    expect((await hotOf(nodeId)).disabledProfiles).toHaveLength(64)
  })

  test('need a node that beat', async () => {
    const { nodeId } = aNode()
    expect(await change(nodeId, 'p1', true)).toBe(false)
    expect(await change(nodeId, 'p1', false)).toBe(false)
    expect(await fleet.readHotItems([nodeId])).toEqual(new Map())
  })
})
