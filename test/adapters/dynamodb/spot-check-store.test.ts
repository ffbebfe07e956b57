import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSpotCheckStore } from '../../../src/adapters/dynamodb/spot-check-store.ts'
import type { SpotCheckStore } from '../../../src/spot-checks/ports.ts'
import { anyVersion } from '../../../src/spot-checks/reference.ts'
import { aReading, aReference, aSampling } from '../../spot-checks/facts.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { fleetOver } from '../../support/enrolled-fleet.ts'
import { digest, nowMs } from './facts.ts'

let database: EmbeddedDynamodb
let store: SpotCheckStore
beforeAll(async () => {
  database = await startEmbeddedDynamodb()
  store = makeSpotCheckStore(database)
})
afterAll(() => database.stop())

const profileId = 'maker/model@q8'

describe('a reference', () => {
  const of = { profileId, runtimeKind: 'vllm', runtimeVersion: '1.0' } as const

  test('is that of the version, and else the one of any version', async () => {
    expect(await store.readReference(of)).toBeUndefined()
    const general = aReference({ runtime_version: anyVersion })
    await store.putReference(general)
    expect(await store.readReference(of)).toEqual(general)
    const own = aReference({ runtime_version: '1.0', tau: 0.05 })
    await store.putReference(own)
    expect(await store.readReference(of)).toEqual(own)
    expect(await store.readReference({ ...of, runtimeVersion: '2.0' })).toEqual(general)
    expect(await store.readReference({ ...of, runtimeKind: 'sglang' })).toBeUndefined()
  })

  test('takes the place of the one before', async () => {
    const renewed = aReference({ runtime_version: '1.0', readings: [aReading('New?')] })
    await store.putReference(renewed)
    expect(await store.readReference(of)).toEqual(renewed)
    expect(await store.listReferences()).toHaveLength(2)
  })
})

describe('a sampling', () => {
  const fact = {
    passed: 2,
    failed: 2,
    failures: [{ atMs: nowMs, promptId: 'a' }],
    condemned: { atMs: nowMs, artifactDigest: digest },
  }

  test('is written with the profile’s fact, and only on top of what was read', async () => {
    const { enrol, fleet } = fleetOver(database)
    const { nodeId } = await enrol()
    const at = { nodeId, profileId }
    const sampling = aSampling({
      counted: { benchmarkId: 'b', requests: 7 },
      alertRequests: 100,
      checkedAtMs: nowMs,
      inconclusive: 1,
      askedPromptIds: ['a', 'b'],
    })
    expect(await store.writeSampling(at, { sampling, fromVersion: 0, fact })).toBe(true)
    expect(await store.readSamplings(nodeId)).toEqual(
      new Map([[profileId, { sampling, version: 1 }]]),
    )
    expect((await fleet.readRow(nodeId))?.profiles[0]?.spotChecks).toEqual(fact)

    const late = { sampling: aSampling(), fromVersion: 0, fact: { ...fact, passed: 9 } }
    expect(await store.writeSampling(at, late)).toBe(false)
    expect((await fleet.readRow(nodeId))?.profiles[0]?.spotChecks).toEqual(fact)
    const next = { sampling: aSampling(), fromVersion: 1 }
    expect(await store.writeSampling(at, next)).toBe(true)
    expect((await fleet.readRow(nodeId))?.profiles[0]?.spotChecks).toEqual(fact)
  })

  test('of a profile that is gone is not written', async () => {
    const { enrol } = fleetOver(database)
    const { nodeId } = await enrol()
    const change = { sampling: aSampling(), fromVersion: 0, fact }
    expect(await store.writeSampling({ nodeId, profileId: 'gone@q8' }, change)).toBe(false)
    expect(await store.readSamplings(nodeId)).toEqual(new Map())
  })
})

describe('a run', () => {
  test('has one holder until it ends or its time is over, and hands on its place', async () => {
    const take = (holder: string, atMs: number) =>
      store.takeRun({ holder, nowMs: atMs, untilMs: atMs + 10 })
    expect(await take('one', nowMs)).toEqual({ place: undefined })
    expect(await take('two', nowMs + 5)).toBeUndefined()
    await store.endRun({ holder: 'one', place: 'n_9' })
    expect(await take('two', nowMs + 6)).toEqual({ place: 'n_9' })
    // It never ended.
    expect(await take('three', nowMs + 17)).toEqual({ place: 'n_9' })
    await store.endRun({ holder: 'two', place: 'elsewhere' })
    await store.endRun({ holder: 'three', place: undefined })
    expect(await take('four', nowMs + 18)).toEqual({ place: undefined })
  })
})

test('the platform’s account is the last that was named', async () => {
  expect(await store.readPlatformAccount()).toBeUndefined()
  await store.writePlatformAccount('acct_01JD000000000000000000000A')
  await store.writePlatformAccount('acct_01JD000000000000000000000B')
  expect(await store.readPlatformAccount()).toBe('acct_01JD000000000000000000000B')
})
