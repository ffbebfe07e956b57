// A key is replaced while something is found of its node: whichever is written first, the finding stands
// against the successor, and once.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wrapCalls } from '../../../src/adapters/dynamodb/client.ts'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import type { NodeFacts, SpotCheckFact } from '../../../src/fleet/node.ts'
import { passOnFinding } from '../../../src/fleet/successors.ts'
import { freshReputation } from '../../../src/reputation/reputation.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { failedOnce, openCheckedNodes, passed, successorOf } from './checked-nodes.ts'
import { digest, nowMs } from './facts.ts'

type Opened = ReturnType<typeof openCheckedNodes>

let engine: EmbeddedDynamodb
let nodes: Opened
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  nodes = openCheckedNodes(engine)
})
afterAll(() => engine.stop())

const laterMs = nowMs + 60_000
const later: SpotCheckFact = {
  ...failedOnce,
  failed: 2,
  failures: [...failedOnce.failures, { atMs: laterMs, promptId: 'b' }],
  condemned: { atMs: laterMs, artifactDigest: digest },
}

/** Replaces the key; `between` happens after each read of what is taken along, before it is written. */
function rotatedAfter(to: ReturnType<typeof successorOf>, between: () => Promise<unknown>) {
  const database = wrapCalls(engine, (call) => async (operation, input) => {
    if (operation === 'TransactWriteItems') await between()
    return call(operation, input)
  })
  return makeFleetStore(database).rotateNode(to, nowMs)
}

const once = (work: () => Promise<unknown>) => {
  let isDone = false
  return async () => {
    if (isDone) return
    isDone = true
    await work()
  }
}

const pass = ({ nodeId }: NodeFacts, fleet: Parameters<typeof passOnFinding>[0] = nodes.fleet) =>
  passOnFinding(fleet, { nodeId, atMs: laterMs })

describe('while a key is replaced', () => {
  test.each([
    ['has failed before', failedOnce],
    ['has passed until now', passed],
    ['was never checked', undefined],
  ])('a verdict on a profile that %s goes along', async (_, before) => {
    const { checkedNode, found, recordOf } = nodes
    const node = await checkedNode({ once: before })
    const to = successorOf(node)
    const verdict = once(() => found(node, 'once', { fact: later }))
    expect(await rotatedAfter(to, verdict)).toBe(true)
    expect(await recordOf(to, 'once')).toEqual(later)
  })

  test.each([0, 1])('an event of a reputation of version %d goes along', async (fromVersion) => {
    const { enrolled, fleet, reputations } = nodes
    const node = await enrolled({ status: 'active' })
    const fresh = freshReputation(node.nodeId)
    if (fromVersion === 1) {
      await reputations.writeReputation({ reputation: fresh, fromVersion: 0, score: 0.5 })
    }
    const reputation = { ...fresh, paidRequests: 9 }
    const to = successorOf(node)
    const event = once(() => reputations.writeReputation({ reputation, fromVersion, score: 0.25 }))
    expect(await rotatedAfter(to, event)).toBe(true)
    const stored = await reputations.readReputation(to.nodeId)
    expect(stored.reputation.paidRequests).toBe(9)
    expect((await fleet.readNode(node.nodeId))?.successor?.nodeId).toBe(to.nodeId)
  })

  test('a node that is retired has no successor', async () => {
    const { enrolled, fleet } = nodes
    const node = await enrolled({ status: 'active' })
    const to = successorOf(node)
    const { nodeId } = node
    const retire = once(() => fleet.changeStatus({ nodeId, from: ['active'], to: 'retired' }))
    expect(await rotatedAfter(to, retire)).toBe(false)
    expect(await fleet.readNode(to.nodeId)).toBeUndefined()
  })

  test('findings without end are an error after five tries, and nothing is written', async () => {
    const { checkedNode, found, fleet } = nodes
    const node = await checkedNode({ once: failedOnce })
    const to = successorOf(node)
    let tries = 0
    const rotation = rotatedAfter(to, async () => {
      tries += 1
      await found(node, 'once', { fact: later })
    })
    await expect(rotation).rejects.toThrow('kept changing')
    expect(tries).toBe(5)
    expect(await fleet.readNode(to.nodeId)).toBeUndefined()
  })
})

describe('a finding that is passed on', () => {
  test('is counted once where the rotation has taken it along', async () => {
    const { checkedNode, found, fleet, recordOf } = nodes
    const node = await checkedNode({ once: failedOnce })
    await found(node, 'once', { fact: later })
    const to = successorOf(node)
    await fleet.rotateNode(to, nowMs)
    expect(await pass(node)).toEqual([to.nodeId])
    expect(await recordOf(to, 'once')).toEqual(later)
  })

  test('is counted once where it is passed on twice', async () => {
    const { checkedNode, found, fleet, recordOf } = nodes
    const node = await checkedNode({ once: failedOnce })
    const to = successorOf(node)
    await fleet.rotateNode(to, nowMs)
    await found(node, 'once', { fact: later })
    await pass(node)
    await pass(node)
    expect(await recordOf(to, 'once')).toEqual(later)
  })

  test.each(['before', 'after'])(
    'reaches a successor’s own, made right %s it is told',
    async (when) => {
      const { checkedNode, found, fleet, recordOf } = nodes
      const first = await checkedNode({ once: failedOnce })
      const second = successorOf(first)
      const third = successorOf(second)
      await fleet.rotateNode(second, nowMs)
      await found(first, 'once', { fact: later })
      const rotateAgain = once(() => fleet.rotateNode(third, nowMs))
      const told = await pass(first, {
        readNode: fleet.readNode,
        addFinding: async (finding) => {
          if (when === 'before') await rotateAgain()
          await fleet.addFinding(finding)
          await rotateAgain()
        },
      })
      expect(told).toEqual([second.nodeId, third.nodeId])
      expect(await recordOf(third, 'once')).toEqual(later)
    },
  )
})

describe('what fits in the transaction', () => {
  const profilesOf = (count: number, fact: SpotCheckFact | undefined) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`${fact?.failed}-${index}`, fact]),
    )

  test('are 64 profiles, 16 of them with something against them', async () => {
    const { checkedNode, fleet } = nodes
    const node = await checkedNode({ ...profilesOf(48, passed), ...profilesOf(16, failedOnce) })
    const to = successorOf(node)
    expect(await fleet.rotateNode(to, nowMs)).toBe(true)
    expect((await fleet.readRow(to.nodeId))?.profiles).toHaveLength(16)
  })

  test('is not 17 of them: the key stays as it is', async () => {
    const { checkedNode, fleet } = nodes
    const node = await checkedNode({ ...profilesOf(47, passed), ...profilesOf(17, failedOnce) })
    await expect(fleet.rotateNode(successorOf(node), nowMs)).rejects.toThrow(
      'fits in a transaction',
    )
    expect((await fleet.readNode(node.nodeId))?.successor).toBeUndefined()
  })
})
