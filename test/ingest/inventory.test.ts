import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { domainHash } from '../../src/protocol/canonical.ts'
import { aBenchmark } from '../adapters/dynamodb/facts.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import { approvedHost, enrolledHost, installedModel } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
  const model = catalogueModel('maker/small', [digestOf('a'), digestOf('b')])
  await plane.operate('PUT', '/models', model)
})
afterAll(() => plane.stop())

const profilesOf = async (nodeId: string) => (await plane.fleet.readRow(nodeId))?.profiles ?? []

describe('an inventory', () => {
  test('turns approved builds into profiles and counts the rest', async () => {
    const host = await approvedHost(plane)
    const reply = await host.offer([
      installedModel(digestOf('a')),
      installedModel(digestOf('e')),
      installedModel('name:qwen2.5:0.5b'),
    ])
    expect(reply).toMatchObject({ status: 200, body: { ok: true, profiles: 1, unapproved: 2 } })
    expect(await profilesOf(host.nodeId)).toEqual([
      {
        nodeId: host.nodeId,
        profileId: 'maker/small@0',
        model: 'maker/small',
        runtimeId: 'main',
        runtimeKind: 'llamacpp',
        routeTier: 'portable_local',
        artifactDigest: digestOf('a'),
        contextLength: 4096,
        installStatus: 'installed',
        remote: false,
        artifactBytes: 1000,
        benchmark: undefined,
        benchmarkRuns: undefined,
        liveSpeed: undefined,
        spotChecks: undefined,
      },
    ])
  })

  test('replaces the one before', async () => {
    const host = await approvedHost(plane)
    await host.offer([installedModel(digestOf('a')), installedModel(digestOf('b'))])
    await host.offer([installedModel(digestOf('b'))])
    const profileIds = (await profilesOf(host.nodeId)).map((profile) => profile.profileId)
    expect(profileIds).toEqual(['maker/small@1'])
  })

  test('leaves the evidence of a benchmark where it is', async () => {
    const host = await approvedHost(plane)
    await host.offer([installedModel(digestOf('a'))])
    const benchmark = aBenchmark({ artifactDigest: digestOf('a'), runtimeVersion: 'b4000' })
    await plane.fleet.writeBenchmark({ nodeId: host.nodeId, profileId: 'maker/small@0' }, benchmark)
    await host.offer([installedModel(digestOf('a')), installedModel(digestOf('b'))])
    expect((await profilesOf(host.nodeId))[0]?.benchmark).toEqual(benchmark)
  })

  test('has a node judged anew that may serve, and no other', async () => {
    const [approved, waiting] = [await approvedHost(plane), await enrolledHost(plane)]
    const before = plane.judgements()
    await waiting.offer([installedModel(digestOf('a'))])
    expect(plane.judgements()).toBe(before)
    await approved.offer([installedModel(digestOf('a'))])
    expect(plane.judgements()).toBe(before + 1)
  })

  test('of a newer agent, with fields that are new to us, is taken', async () => {
    const host = await approvedHost(plane)
    const models = [{ ...installedModel(digestOf('a')), speculative: { draft: 'tiny' } }]
    const inventory_digest = domainHash('b3iq:inventory:v1', models)
    await host.beat({ inventory_digest })
    const reply = await host.send('PUT', 'inventory', host.inventory(models))
    expect(reply.body).toMatchObject({ profiles: 1, unapproved: 0 })
    expect((await host.beat({ inventory_digest })).body.need).toEqual([])
  })
})

describe('an inventory is refused', () => {
  const notNamed = { status: 409, error: { code: 'state_conflict' } }

  test('before the first beat', async () => {
    const host = await enrolledHost(plane)
    const reply = await host.send('PUT', 'inventory', host.inventory([], { seq: 1 }))
    expect(reply).toMatchObject(notNamed)
  })

  test('when an older one is played back', async () => {
    const host = await approvedHost(plane)
    const old = [installedModel(digestOf('a'))]
    await host.offer(old)
    const recorded = host.inventory(old)
    await host.offer([])
    expect(await host.send('PUT', 'inventory', recorded)).toMatchObject(notNamed)
    expect(await profilesOf(host.nodeId)).toEqual([])
  })

  test('with the sequence number of a beat that was not', async () => {
    const host = await approvedHost(plane)
    await host.beat()
    const ahead = host.inventory([], { seq: plane.nowMs() + 60_000 })
    expect(await host.send('PUT', 'inventory', ahead)).toMatchObject(notNamed)
  })

  test('in the name of another node', async () => {
    const [host, other] = [await approvedHost(plane), await approvedHost(plane)]
    await other.beat()
    const reply = await host.send('PUT', 'inventory', other.inventory([]))
    expect(reply).toMatchObject({ status: 400, error: { param: 'node_id' } })
  })

  test('of a node that the operator suspended', async () => {
    const host = await approvedHost(plane)
    await host.beat()
    await plane.operate('POST', `/nodes/${host.nodeId}/suspend`)
    const reply = await host.send('PUT', 'inventory', host.inventory([]))
    expect(reply).toMatchObject({ status: 403, error: { code: 'node_revoked' } })
  })

  test('with a model that is none, naming the field', async () => {
    const host = await approvedHost(plane)
    const broken = { ...installedModel(digestOf('a')), status: 'lost' }
    await host.beat()
    const reply = await host.send('PUT', 'inventory', { ...host.inventory([]), models: [broken] })
    expect(reply).toMatchObject({ status: 400, error: { param: 'models.0.status' } })
  })

  test('beyond 64 KB', async () => {
    const host = await approvedHost(plane)
    const padded = { ...host.inventory([]), padding: 'x'.repeat(64 * 1024) }
    const reply = await host.send('PUT', 'inventory', padded)
    expect(reply).toMatchObject({ status: 413, error: { code: 'request_too_large' } })
  })
})
