import { describe, expect, test } from 'vitest'
import type { Breaker, HotItem } from '../../src/fleet/node.ts'
import { verify } from '../../src/routing/verify.ts'
import { aBeat, aCandidate, aQueue, nowMs } from '../adapters/dynamodb/facts.ts'

const price = {
  promptNanoUsdPerMTok: 1n,
  cachedPromptNanoUsdPerMTok: 1n,
  completionNanoUsdPerMTok: 1n,
}
const { evidence: _, ...plain } = aCandidate()

/** A candidate of a node that beats, and its hot item. */
function nodeOf(
  nodeId: string,
  changes: { used?: number; breaker?: Breaker; stale?: boolean } = {},
) {
  const candidate = { ...plain, nodeId, price }
  const { used = 0, breaker, stale } = changes
  const hot: HotItem = {
    ...aBeat(nodeId, {
      beatAtMs: stale ? nowMs - 61_000 : nowMs,
      queues: { [candidate.runtimeId]: aQueue({ used, capacity: 4 }) },
    }),
    probe: { okAtMs: nowMs, failures: 0, epoch: candidate.routeEpoch },
    disabledProfiles: [],
    isRevoked: false,
    breakers: breaker ? { [candidate.profileId]: breaker } : {},
    liveness: 'fresh',
  }
  return { candidate, hot }
}

const moment = { nowMs, grace: undefined }
function verified(...nodes: readonly ReturnType<typeof nodeOf>[]) {
  const hotItems = new Map(nodes.map(({ hot }) => [hot.nodeId, hot]))
  const { alive, excluded } = verify(
    nodes.map(({ candidate }) => candidate),
    hotItems,
    moment,
  )
  return { order: alive.map(({ candidate }) => candidate.nodeId), alive, excluded: [...excluded] }
}

const opened = (openUntilMs: number, trialUntilMs = 0): Breaker => ({
  failures: 5,
  fromMs: nowMs - 60_000,
  openUntilMs,
  opens: 1,
  trialUntilMs,
})

describe('candidates as their hot items show them', () => {
  test('are asked in the order of the choice where nothing speaks against it', () => {
    expect(verified(nodeOf('a'), nodeOf('b'), nodeOf('c')).order).toEqual(['a', 'b', 'c'])
  })

  test('are left out where a gate has closed since, each with its reason', () => {
    const { order, excluded } = verified(nodeOf('a', { stale: true }), nodeOf('b'))
    expect([order, excluded]).toEqual([['b'], ['heartbeat_stale']])
    const unread = verify([nodeOf('a').candidate], new Map(), moment)
    expect([unread.alive, unread.excluded.has('heartbeat_stale')]).toEqual([[], true])
  })

  test('come later where every slot was taken at the last beat', () => {
    expect(verified(nodeOf('a', { used: 4 }), nodeOf('b', { used: 3 })).order).toEqual(['b', 'a'])
  })
})

describe('a breaker', () => {
  test('that is open leaves its profile out', () => {
    const { order, excluded } = verified(nodeOf('a', { breaker: opened(nowMs + 1) }), nodeOf('b'))
    expect([order, excluded]).toEqual([['b'], ['queue_unhealthy']])
  })

  test('that is half-open comes first, as a trial: behind others it would never prove itself', () => {
    const { alive } = verified(nodeOf('a'), nodeOf('b', { breaker: opened(nowMs), used: 4 }))
    expect(alive.map(({ candidate, isTrial }) => [candidate.nodeId, isTrial])).toEqual([
      ['b', true],
      ['a', false],
    ])
  })

  test('whose trial is under way is left to it', () => {
    const tried = nodeOf('a', { breaker: opened(nowMs - 1, nowMs + 1) })
    expect(verified(tried, nodeOf('b'))).toMatchObject({
      order: ['b'],
      excluded: ['queue_unhealthy'],
    })
  })

  test('that has only counted changes nothing', () => {
    const counted = { ...opened(0), opens: 0, failures: 4 }
    expect(verified(nodeOf('a', { breaker: counted }), nodeOf('b')).alive[0]).toMatchObject({
      candidate: { nodeId: 'a' },
      isTrial: false,
    })
  })
})
