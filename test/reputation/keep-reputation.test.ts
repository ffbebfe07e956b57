// Against the store in the embedded DynamoDB: several schedules and gateways learn of one node at once.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeReputationStore } from '../../src/adapters/dynamodb/reputation-store.ts'
import { lowerBound } from '../../src/reputation/evidence.ts'
import { learnFromSpotCheck } from '../../src/reputation/keep-reputation.ts'
import type { ReputationStore } from '../../src/reputation/ports.ts'
import { aNode } from '../adapters/dynamodb/facts.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { fleetOver } from '../support/enrolled-fleet.ts'

let database: EmbeddedDynamodb
let reputations: ReputationStore
beforeAll(async () => {
  database = await startEmbeddedDynamodb()
  reputations = makeReputationStore(database)
})
afterAll(() => database.stop())

const nowMs = 1_800_000_000_000
const failures: string[] = []
const deps = () => ({
  reputations,
  nowMs: () => nowMs,
  onFailure: ({ nodeId }: { nodeId: string }) => void failures.push(nodeId),
})

test('what several learn at once is all kept, and the node carries the score', async () => {
  const { nodeId } = await fleetOver(database).enrol()
  const passed = { nodeId, atMs: nowMs, hasPassed: true }
  await Promise.all([1, 2, 3].map(() => learnFromSpotCheck(deps(), passed)))
  const { reputation, version } = await reputations.readReputation(nodeId)
  expect(reputation.evidence.integrity.good).toBe(9)
  expect(version).toBe(3)
  const node = await fleetOver(database).fleet.readNode(nodeId)
  expect(node?.reputation).toBeCloseTo(lowerBound({ good: 9, bad: 0 }), 6)
})

test('what cannot be kept is said, and nothing is thrown', async () => {
  const { nodeId } = aNode()
  await learnFromSpotCheck(deps(), { nodeId, atMs: nowMs, hasPassed: false })
  expect(failures).toEqual([nodeId])
})
