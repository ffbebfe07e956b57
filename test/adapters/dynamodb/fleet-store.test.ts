import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { aBeat, aBenchmark, aHostFacts, aNode, aProfile, nowMs } from './facts.ts'
import { withFaults } from './faults.ts'
import { openFleet } from './open-fleet.ts'

type OpenedFleet = ReturnType<typeof openFleet>

let engine: EmbeddedDynamodb
let fleet: OpenedFleet['fleet']
let enrolled: OpenedFleet['enrolled']
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  ;({ fleet, enrolled } = openFleet(engine))
})
afterAll(() => engine.stop())

async function beating(seq = nowMs): Promise<string> {
  const { nodeId } = aNode()
  await fleet.recordBeat(aBeat(nodeId, { seq }))
  return nodeId
}

describe('a node', () => {
  test('that is not enrolled reads as undefined', async () => {
    const { nodeId } = aNode()
    expect(await fleet.readNode(nodeId)).toBeUndefined()
    expect(await fleet.readRow(nodeId)).toBeUndefined()
  })

  test('changes its status only from one of those named', async () => {
    const { nodeId } = await enrolled({ status: 'pending' })
    const approve = { nodeId, from: ['pending', 'suspended'], to: 'approved' } as const
    expect(await fleet.changeStatus(approve)).toBe(true)
    expect(await fleet.changeStatus(approve)).toBe(false)
    expect((await fleet.readNode(nodeId))?.status).toBe('approved')
  })

  test('that is unknown changes neither status nor offer', async () => {
    const { nodeId, mode, route } = aNode()
    expect(await fleet.changeStatus({ nodeId, from: ['pending'], to: 'approved' })).toBe(false)
    expect(await fleet.changeOffer({ nodeId, fromEpoch: 1, mode, route })).toBe(false)
    expect(await fleet.readNode(nodeId)).toBeUndefined()
  })

  test('changes mode and route only from the epoch that the change was made for', async () => {
    const node = await enrolled()
    const route = { kind: 'direct', url: 'https://host-2.example', epoch: 2 } as const
    const change = { nodeId: node.nodeId, fromEpoch: 1, mode: 'managed', route } as const
    expect(await fleet.changeOffer({ ...change, fromEpoch: 2 })).toBe(false)
    expect(await fleet.changeOffer(change)).toBe(true)
    expect(await fleet.changeOffer(change)).toBe(false)
    expect(await fleet.readNode(node.nodeId)).toEqual({ ...node, mode: 'managed', route })
  })
})

describe('profiles', () => {
  test('are replaced as a set, together with what they were made from', async () => {
    const { nodeId } = await enrolled()
    const [first, second, third] = ['p1', 'p2', 'p3'].map((profileId) =>
      aProfile(nodeId, { profileId }),
    )
    if (!first || !second || !third) throw new Error('three profiles')
    await fleet.writeProfiles(nodeId, [first, second], { basis: 'basis-1', hostFacts: aHostFacts })
    await fleet.writeProfiles(nodeId, [{ ...second, contextLength: 4096 }, third], {
      basis: 'basis-2',
      hostFacts: aHostFacts,
    })
    const row = await fleet.readRow(nodeId)
    expect(row?.profiles).toEqual([{ ...second, contextLength: 4096 }, third])
    expect(row?.node.profilesBasis).toBe('basis-2')
  })

  test('keep the benchmark that was observed, whatever the inventory says', async () => {
    const { nodeId } = await enrolled()
    const profile = aProfile(nodeId)
    const observed = aBenchmark()
    await fleet.writeProfiles(nodeId, [profile], { basis: 'basis-1', hostFacts: aHostFacts })
    expect(await fleet.writeBenchmark(profile, observed)).toBe(true)
    const claimed = { ...profile, benchmark: aBenchmark({ tokensPerSecondP50: 9_999 }) }
    await fleet.writeProfiles(nodeId, [claimed], { basis: 'basis-2', hostFacts: aHostFacts })
    expect((await fleet.readRow(nodeId))?.profiles).toEqual([{ ...profile, benchmark: observed }])
  })

  test('take no benchmark once they are gone', async () => {
    const { nodeId } = await enrolled()
    const profile = aProfile(nodeId)
    await fleet.writeProfiles(nodeId, [profile], { basis: 'basis-1', hostFacts: aHostFacts })
    await fleet.writeProfiles(nodeId, [], { basis: 'basis-2', hostFacts: aHostFacts })
    expect(await fleet.writeBenchmark(profile, aBenchmark())).toBe(false)
    expect((await fleet.readRow(nodeId))?.profiles).toEqual([])
  })

  test('of more than 64 or of another node are a bug, found before anything is written', async () => {
    const { nodeId } = await enrolled()
    const many = Array.from({ length: 65 }, (_, index) =>
      aProfile(nodeId, { profileId: `p${index}` }),
    )
    await expect(
      fleet.writeProfiles(nodeId, many, { basis: 'basis', hostFacts: aHostFacts }),
    ).rejects.toThrow('at most 64 profiles')
    const alien = [aProfile(nodeId), aProfile(aNode().nodeId)]
    await expect(
      fleet.writeProfiles(nodeId, alien, { basis: 'basis', hostFacts: aHostFacts }),
    ).rejects.toThrow('its own profiles')
    expect((await fleet.readRow(nodeId))?.profiles).toEqual([])
  })
})

describe('the fleet', () => {
  test('is read row by row, each node once and whole, over any number of pages', async () => {
    const nodes = await Promise.all(Array.from({ length: 24 }, () => enrolled()))
    const [silent, ...loud] = nodes
    for (const { nodeId } of loud) {
      const profiles = ['p1', 'p2'].map((profileId) => aProfile(nodeId, { profileId }))
      await fleet.writeProfiles(nodeId, profiles, { basis: 'basis', hostFacts: aHostFacts })
      await fleet.recordBeat(aBeat(nodeId))
    }
    let pages = 0
    const paged = withFaults(engine, ({ command, input }) => {
      if (command !== 'Query') return
      pages += 1
      Object.assign(input, { Limit: 2 })
    })
    const rows = await Array.fromAsync(makeFleetStore(paged).rows())
    const seen = rows.map(({ node }) => node.nodeId)
    expect(new Set(seen).size).toBe(seen.length)
    expect(pages).toBeGreaterThan(40)
    for (const { nodeId } of nodes) {
      const row = rows.find(({ node }) => node.nodeId === nodeId)
      expect(row).toEqual(await fleet.readRow(nodeId))
      expect(row?.hot !== undefined).toBe(nodeId !== silent?.nodeId)
      expect(row?.profiles).toHaveLength(nodeId === silent?.nodeId ? 0 : 2)
    }
  })

  test('gives one row in one query', async () => {
    const { nodeId } = await enrolled()
    await fleet.recordBeat(aBeat(nodeId))
    const commands: string[] = []
    const watched = withFaults(engine, ({ command }) => commands.push(command ?? ''))
    expect((await makeFleetStore(watched).readRow(nodeId))?.hot?.nodeId).toBe(nodeId)
    expect(commands).toEqual(['Query'])
  })

  test('is read without a scan, bucket by bucket as far as the reader goes', async () => {
    const commands: string[] = []
    const watched = withFaults(engine, ({ command }) => commands.push(command ?? ''))
    for await (const _ of makeFleetStore(watched).rows()) break
    expect(commands.length).toBeLessThan(16)
    expect(new Set(commands)).toEqual(new Set(['Query']))
  })

  test('gives the hot items of those nodes that beat, asked for once or twice', async () => {
    const [one, other] = [await beating(), await beating()]
    const silent = aNode().nodeId
    const hots = await fleet.readHotItems([one, other, one, silent])
    expect([...hots.keys()].toSorted()).toEqual([one, other].toSorted())
    expect(await fleet.readHotItems([])).toEqual(new Map())
  })
})
