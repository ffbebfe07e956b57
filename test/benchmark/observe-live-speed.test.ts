// Live speeds from accrued receipts: what is read off them, and that folding them again is harmless.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { observeLiveSpeed, speedOf } from '../../src/benchmark/observe-live-speed.ts'
import { judgeNode } from '../../src/fleet/pool.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import { type EnrolledFleet, startEnrolledFleet } from '../support/enrolled-fleet.ts'
import { genuineReceipt } from '../support/genuine-receipt.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

let bench: EnrolledFleet
beforeAll(async () => {
  bench = await startEnrolledFleet()
})
afterAll(() => bench.stop())

const base = genuineReceipt()
const someNode = 'n_aaaaaaaaaaaaaaaaaaaaaaaaaa'

type Request = {
  readonly nodeId?: string
  readonly holdId?: string
  readonly benchmarkId?: string
  readonly tokens?: number
  readonly firstContentMs?: number | null
  readonly totalMs?: number
  readonly status?: 'completed' | 'partial'
}

/** A hundred tokens in two seconds, but for the changes. */
function decided(request: Request = {}): Decision {
  const { nodeId = someNode, tokens = 100, firstContentMs = 500, totalMs = 2_500 } = request
  const { served } = base.body
  if (!served) throw new Error('a genuine receipt was served')
  const billed = { prompt: 10, cached_prompt: 0, completion: tokens }
  return {
    accountId: 'acct_1',
    holdId: request.holdId ?? 'hold-1',
    nonce: 'nonce',
    charge: 100n,
    receipt: {
      ...base,
      body: {
        ...base.body,
        result: { status: request.status ?? 'completed', finish_reason: 'stop', error: null },
        timings: { first_content_ms: firstContentMs, total_ms: totalMs },
        served: {
          ...served,
          profile_id: 'maker/model@q8',
          benchmark_id: request.benchmarkId ?? 'bench-1',
          usage: { ...served.usage, billed },
        },
      },
      private: {
        ...base.private,
        attempts: [{ node_id: nodeId, outcome: 'served', ticket_hash: 'a'.repeat(64) }],
      },
    },
  }
}

describe('a receipt tells a speed', () => {
  test('of its billed completion over the time after the first content', () => {
    expect(speedOf(decided())).toEqual({
      nodeId: someNode,
      profileId: 'maker/model@q8',
      benchmarkId: 'bench-1',
      tokensPerSecond: 50,
    })
  })

  test.each([
    ['was cut', { status: 'partial' }],
    ['had no content', { firstContentMs: null }],
    ['is too short to tell', { tokens: 15 }],
    ['was no text, but a document', { tokens: 0 }],
    ['came at once', { totalMs: 549 }],
  ] satisfies [string, Request][])('but not when its answer %s', (_, request) => {
    expect(speedOf(decided(request))).toBeUndefined()
  })
})

describe('a page of accrued receipts', () => {
  const failures: unknown[] = []
  const observe = (decisions: readonly Decision[], ownNodes: readonly string[] = []) =>
    observeLiveSpeed(
      { fleet: bench.fleet, onFailure: (failure) => void failures.push(failure) },
      { decisions, ownNodes: new Set(ownNodes) },
    )
  const liveOf = async (nodeId: string) =>
    (await bench.fleet.readProfile(nodeId, 'maker/model@q8'))?.liveSpeed
  /** Of requests one after another, all of one account. */
  const page = (nodeId: string, from: number, count: number, request: Request = {}) =>
    Array.from({ length: count }, (_, index) =>
      decided({ nodeId, holdId: `hold-${from + index}`, ...request }),
    )

  test('is folded into what is known of each profile, once however often it is told', async () => {
    const [one, other] = [await bench.enrol(), await bench.enrol()]
    const decisions = [...page(one.nodeId, 0, 3), ...page(other.nodeId, 3, 2)]
    for (let told = 0; told < 3; told += 1) await observe(decisions)
    expect(await liveOf(one.nodeId)).toMatchObject({ benchmarkId: 'bench-1', requests: 3 })
    expect(await liveOf(other.nodeId)).toMatchObject({ requests: 2 })
  })

  test('loses nothing beside others that are folded at once', async () => {
    const { nodeId } = await bench.enrol()
    const pages = [0, 10, 20, 30].map((from) => page(nodeId, from, 10))
    await Promise.all(pages.map((decisions) => observe(decisions)))
    expect(await liveOf(nodeId)).toMatchObject({ requests: 40 })
  })

  test('of an older benchmark, or of no profile, changes nothing', async () => {
    const { nodeId } = await bench.enrol()
    await observe(page(nodeId, 0, 3, { benchmarkId: 'bench-0' }))
    await observe(page(someNode, 0, 3))
    expect(await liveOf(nodeId)).toBeUndefined()
  })

  test('of the node’s own owner proves no speed of it, and that of others beside it does', async () => {
    const [own, other] = [await bench.enrol(), await bench.enrol()]
    await observe([...page(own.nodeId, 0, 3), ...page(other.nodeId, 3, 2)], [own.nodeId])
    expect(await liveOf(own.nodeId)).toBeUndefined()
    expect(await liveOf(other.nodeId)).toMatchObject({ requests: 2 })
  })

  test('of fifty slow requests closes the gate, which is open after forty-nine', async () => {
    const { nodeId } = await bench.enrol()
    const models = [{ ...modelOnSale('maker/model'), version: 1 }]
    const blockers = async () => {
      const row = await bench.fleet.readRow(nodeId)
      if (!row) throw new Error('the node is enrolled')
      const [judged] = judgeNode(row, models, { nowMs: Date.now(), grace: undefined })
      return judged?.eligibility.blockers.map(({ code }) => code)
    }
    // The benchmark's median is 61.25 tokens/s; these are read as 30.
    const slow = { totalMs: 500 + 3_333 }
    await observe(page(nodeId, 0, 49, slow))
    expect(await blockers()).toEqual([])
    await observe(page(nodeId, 49, 1, slow))
    expect(await blockers()).toEqual(['benchmark_stale'])
  })

  test('that cannot be kept is told, and nobody else is kept from theirs', async () => {
    failures.length = 0
    const { nodeId } = await bench.enrol()
    const readProfile = async (of: string, profileId: string) => {
      if (of === someNode) throw new Error('the table is away')
      return bench.fleet.readProfile(of, profileId)
    }
    await observeLiveSpeed(
      {
        fleet: { ...bench.fleet, readProfile },
        onFailure: (failure) => void failures.push(failure),
      },
      { decisions: [...page(someNode, 0, 1), ...page(nodeId, 1, 1)], ownNodes: new Set() },
    )
    expect(failures).toMatchObject([{ nodeId: someNode }])
    expect(await liveOf(nodeId)).toMatchObject({ requests: 1 })
  })
})
