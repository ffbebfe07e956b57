// What a new key takes along from the node that it replaces.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NodeFacts, SpotCheckFact } from '../../../src/fleet/node.ts'
import { keptByHeir, passOnFinding } from '../../../src/fleet/successors.ts'
import { learnFromSpotCheck } from '../../../src/reputation/keep-reputation.ts'
import { freshReputation } from '../../../src/reputation/reputation.ts'
import { aSampling } from '../../spot-checks/facts.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import {
  condemned,
  failedOnce,
  inventory,
  openCheckedNodes,
  passed,
  successorOf,
} from './checked-nodes.ts'
import { aProfile, digest, nowMs } from './facts.ts'

type Opened = ReturnType<typeof openCheckedNodes>

let engine: EmbeddedDynamodb
let fleet: Opened['fleet']
let enrolled: Opened['enrolled']
let reputations: Opened['reputations']
let spotChecks: Opened['spotChecks']
let checkedNode: Opened['checkedNode']
let found: Opened['found']
let recordOf: Opened['recordOf']
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  ;({ fleet, enrolled, reputations, spotChecks, checkedNode, found, recordOf } =
    openCheckedNodes(engine))
})
afterAll(() => engine.stop())

describe('what spot checks hold against a node', () => {
  test('stands against its successor, and nothing else of its profiles', async () => {
    const node = await checkedNode({ condemned, failedOnce, passed })
    const to = successorOf(node)
    expect(await fleet.rotateNode(to, nowMs)).toBe(true)
    const profiles = (await fleet.readRow(to.nodeId))?.profiles ?? []
    expect(profiles).toEqual([
      aProfile(to.nodeId, {
        profileId: 'condemned',
        installStatus: 'runtime_missing',
        spotChecks: condemned,
      }),
      aProfile(to.nodeId, {
        profileId: 'failedOnce',
        installStatus: 'runtime_missing',
        spotChecks: failedOnce,
      }),
    ])
  })

  test('is cleared by no inventory of the new key', async () => {
    const node = await checkedNode({ condemned })
    const to = successorOf(node)
    await fleet.rotateNode(to, nowMs)
    const again = aProfile(to.nodeId, { profileId: 'condemned' })
    for (const profiles of [[], [again]]) {
      await fleet.writeProfiles(to.nodeId, profiles, inventory)
      const kept = await fleet.readProfile(to.nodeId, 'condemned')
      expect(kept?.spotChecks).toEqual(condemned)
    }
  })

  test('goes with the sampling that an operator lifts a verdict by', async () => {
    const node = await checkedNode({ condemned, passed })
    const to = successorOf(node)
    await fleet.rotateNode(to, nowMs)
    const stored = await spotChecks.readSamplings(to.nodeId)
    expect([...stored]).toEqual([
      ['condemned', { sampling: aSampling({ inconclusive: 2 }), version: 1 }],
    ])
    const change = { sampling: aSampling(), fromVersion: 1, fact: passed }
    const at = { nodeId: to.nodeId, profileId: 'condemned' }
    expect(await spotChecks.writeSampling(at, change)).toBe(true)
  })

  test('follows through several keys', async () => {
    const first = await checkedNode({ condemned })
    const second = successorOf(first)
    const third = successorOf(second)
    await fleet.rotateNode(second, nowMs)
    await fleet.rotateNode(third, nowMs)
    const profile = await fleet.readProfile(third.nodeId, 'condemned')
    expect(profile?.spotChecks).toEqual(condemned)
  })
})

describe('a failure that is found of a replaced node', () => {
  const laterMs = nowMs + 60_000
  const later: SpotCheckFact = {
    ...failedOnce,
    failed: 2,
    failures: [...failedOnce.failures, { atMs: laterMs, promptId: 'b' }],
    condemned: { atMs: laterMs, artifactDigest: digest },
  }
  /** The check of the old key began before the rotation. */
  const foundOf = (node: NodeFacts, profileId: string, fact = later) =>
    found(node, profileId, { fact, sampling: { alertRequests: 100 } })
  const pass = ({ nodeId }: NodeFacts) => passOnFinding(fleet, { nodeId, atMs: laterMs })

  test('stands against every successor, also one that has shown no models yet', async () => {
    const first = await checkedNode({ once: failedOnce, never: passed })
    const second = successorOf(first)
    const third = successorOf(second)
    await fleet.rotateNode(second, nowMs)
    await fleet.rotateNode(third, nowMs)
    await foundOf(first, 'once')
    const onlyLater = { ...later, failures: later.failures.slice(1) }
    await foundOf(first, 'never', onlyLater)
    expect(await pass(first)).toEqual([second.nodeId, third.nodeId])
    for (const node of [second, third]) {
      expect(await recordOf(node, 'once')).toEqual(later)
      expect(await recordOf(node, 'never')).toEqual({ ...onlyLater, passed: 0, failed: 1 })
      const samplings = await spotChecks.readSamplings(node.nodeId)
      expect(samplings.get('never')?.sampling.alertRequests).toBe(100)
    }
  })

  test('brings back nothing that an operator has lifted', async () => {
    const old = await checkedNode({ condemned })
    const to = successorOf(old)
    await fleet.rotateNode(to, nowMs)
    const at = { nodeId: to.nodeId, profileId: 'condemned' }
    const cleared = { ...condemned, condemned: undefined }
    await spotChecks.writeSampling(at, { sampling: aSampling(), fromVersion: 1, fact: cleared })
    const again = { ...condemned, failed: 3, failures: [{ atMs: laterMs, promptId: 'c' }] }
    await foundOf(old, 'condemned', again)
    await pass(old)
    expect(await recordOf(to, 'condemned')).toEqual({
      ...cleared,
      failed: 3,
      failures: [{ atMs: laterMs, promptId: 'c' }],
    })
  })

  test('is not held against another build that the new key serves under the name', async () => {
    const old = await checkedNode({ once: failedOnce })
    const to = successorOf(old)
    await fleet.rotateNode(to, nowMs)
    const artifactDigest = `sha256:${'b'.repeat(64)}`
    const at = { nodeId: to.nodeId, profileId: 'once' }
    const other = { ...passed, passed: 9 }
    const change = { sampling: aSampling({ artifactDigest }), fromVersion: 1, fact: other }
    await spotChecks.writeSampling(at, change)
    await foundOf(old, 'once')
    await pass(old)
    expect(await recordOf(to, 'once')).toEqual(other)
  })

  test('of a node that nobody replaced is its own affair', async () => {
    const node = await checkedNode({ once: failedOnce })
    await foundOf(node, 'once')
    expect(await pass(node)).toEqual([])
  })
})

describe('the reputation of a node', () => {
  test('is its successor’s, and what comes later is added to it', async () => {
    const node = await enrolled({ status: 'active' })
    const reputation = { ...freshReputation(node.nodeId), paidRequests: 5 }
    await reputations.writeReputation({ reputation, fromVersion: 0, score: 0.25 })
    const to = successorOf(node)
    await fleet.rotateNode(to, nowMs)
    const stored = await reputations.readReputation(to.nodeId)
    expect(stored.reputation).toEqual({ ...reputation, nodeId: to.nodeId })
    const change = { reputation: stored.reputation, fromVersion: stored.version, score: 0.5 }
    expect(await reputations.writeReputation(change)).toBe(true)
  })

  test('learns with the last successor what is still seen of an old key', async () => {
    const first = await enrolled({ status: 'active' })
    const second = successorOf(first)
    const third = successorOf(second)
    await fleet.rotateNode(second, nowMs)
    await fleet.rotateNode(third, nowMs)
    const deps = {
      reputations: keptByHeir(reputations, fleet),
      nowMs: () => nowMs,
      onFailure: ({ error }: { readonly error: unknown }) => {
        throw error
      },
    }
    await learnFromSpotCheck(deps, { nodeId: first.nodeId, atMs: nowMs, hasPassed: false })
    const { reputation } = await reputations.readReputation(third.nodeId)
    expect(reputation.events).toMatchObject([{ reason: 'spot_check_failed' }])
    expect((await fleet.readNode(third.nodeId))?.reputation).toBeGreaterThanOrEqual(0)
    expect((await fleet.readNode(first.nodeId))?.reputation).toBeUndefined()
  })

  test('of a newcomer is none', async () => {
    const node = await enrolled({ status: 'active' })
    const to = successorOf(node)
    await fleet.rotateNode(to, nowMs)
    expect((await reputations.readReputation(to.nodeId)).version).toBe(0)
  })
})

test('a rotation that is refused writes none of it', async () => {
  const node = await checkedNode({ condemned })
  const { nodeId } = node
  const reputation = { ...freshReputation(nodeId), paidRequests: 5 }
  await reputations.writeReputation({ reputation, fromVersion: 0, score: 0.25 })
  const to = successorOf(node)
  await fleet.changeStatus({ nodeId, from: ['active'], to: 'retired' })
  expect(await fleet.rotateNode(to, nowMs)).toBe(false)
  expect(await fleet.readProfile(to.nodeId, 'condemned')).toBeUndefined()
  expect((await reputations.readReputation(to.nodeId)).version).toBe(0)
  expect((await spotChecks.readSamplings(to.nodeId)).size).toBe(0)
})
