import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FleetRow } from '../../src/fleet/pool.ts'
import { judgeNode } from '../../src/fleet/pool.ts'
import { type Dispatched, passEveryMs, shardFreshMs, startChangingFleet } from './changing-fleet.ts'
import { type Changes, causes, facts } from './gate-causes.ts'

type Step =
  | { readonly kind: 'wait'; readonly durationMs: number; readonly beats: boolean }
  | { readonly kind: 'cause'; readonly index: number; readonly changes: Changes }
  | { readonly kind: 'mend'; readonly index: number }
  | { readonly kind: 'ask' }

const index = fc.nat({ max: 5 })
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'ask' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      durationMs: fc.constantFrom(1_000, 6_000, 15_000, 61_000, 181_000),
      beats: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('cause' as const),
      index,
      changes: fc.constantFrom(...causes.map(([, , changes]) => changes)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mend' as const), index }) },
)

/** The node as the cause leaves it, in place of what it was. */
const caused =
  (changes: Changes) =>
  (row: FleetRow): FleetRow => {
    const { node, hot, profile } = facts(changes)
    const { nodeId, publicKey, alias } = row.node
    return {
      node: { ...node, nodeId, publicKey, alias },
      hot: hot && { ...hot, nodeId },
      profiles: [{ ...profile, nodeId }],
    }
  }

const beating =
  (atMs: number) =>
  (row: FleetRow): FleetRow => ({
    ...row,
    hot: row.hot && {
      ...row.hot,
      beatAtMs: atMs,
      probe: row.hot.probe && { ...row.hot.probe, okAtMs: atMs },
    },
  })

async function play(steps: readonly Step[], options: { seed: number; passesRun: boolean }) {
  const { seed, passesRun } = options
  let state = seed
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
  const fleet = await startChangingFleet(6, random)
  const dispatched: Dispatched[] = []
  await fleet.wait(0, { passesRun: true })
  for (const step of steps) {
    if (step.kind === 'wait') {
      // The schedule runs while time goes by, not after it.
      for (let left = step.durationMs; left > 0; left -= passEveryMs) {
        const atMs = await fleet.wait(Math.min(left, passEveryMs), { passesRun })
        if (!step.beats) continue
        for (const at of fleet.rows.keys()) fleet.change(at, beating(atMs))
      }
    }
    if (step.kind === 'cause') fleet.change(step.index, caused(step.changes))
    if (step.kind === 'mend') fleet.change(step.index, caused({}))
    if (step.kind === 'ask') dispatched.push(...(await fleet.ask()))
  }
  return dispatched
}

const gatesOf = (row: FleetRow, { shard, atMs }: Dispatched) =>
  judgeNode(row, [shard.model], { nowMs: atMs, grace: shard.grace }).map(
    ({ eligibility }) => eligibility.blockers,
  )

const steps = fc.array(anyStep, { minLength: 4, maxLength: 24 })
const runs = { numRuns: 150 }

/**
 * The pool alone knows a node's facts, its profile and the catalogue. All else is the hot item's and
 * the clock's, and is judged at the moment of the dispatch.
 */
describe('whatever changes, and whenever, every profile that is dispatched has', () => {
  test('open gates by its hot item and the clock as they are now, on top of what the pool saw', async () => {
    let seen = 0
    const property = fc.asyncProperty(
      steps,
      fc.nat(),
      fc.boolean(),
      async (all, seed, passesRun) => {
        for (const one of await play(all, { seed, passesRun })) {
          seen += 1
          expect(gatesOf({ ...one.judged, hot: one.now.hot }, one)).toEqual([[]])
        }
      },
    )
    await fc.assert(property, runs)
    expect(seen).toBeGreaterThan(100)
  })

  test('open gates by all facts, where what the pool alone knows did not change since its pass', async () => {
    const property = fc.asyncProperty(
      steps,
      fc.nat(),
      fc.boolean(),
      async (all, seed, passesRun) => {
        for (const one of await play(all, { seed, passesRun })) {
          const isUnchanged =
            one.now.node === one.judged.node && one.now.profiles === one.judged.profiles
          if (isUnchanged) expect(gatesOf(one.now, one)).toEqual([[]])
        }
      },
    )
    await fc.assert(property, runs)
  })

  test('facts of the pool that are no older than a pass and a cached read, while passes run', async () => {
    let oldestMs = 0
    const property = fc.asyncProperty(steps, fc.nat(), async (all, seed) => {
      for (const { shard, atMs } of await play(all, { seed, passesRun: true })) {
        oldestMs = Math.max(oldestMs, atMs - shard.builtAtMs)
        expect(atMs - shard.builtAtMs).toBeLessThan(passEveryMs + shardFreshMs)
      }
    })
    await fc.assert(property, runs)
    expect(oldestMs).toBeGreaterThan(0)
  })
})
