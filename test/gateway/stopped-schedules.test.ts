// Ten minutes without any schedule: no pass, no probe, no sweep. Hosts that live keep earning, and
// one that died gets nothing, because each request reads the hot items and judges them by the clock.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readShardFrom } from '../../src/gateway/read-shard.ts'
import { tellPoolAge } from '../../src/schedules/pool-age.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { aBeat } from '../adapters/dynamodb/facts.ts'
import { askChat, completionOf, errorOf } from '../support/chat-client.ts'
import { fleetOver } from '../support/enrolled-fleet.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import type { ScriptedHost } from '../support/scripted-host.ts'

const model = 'maker/model'
const beatEveryMs = 15_000
const askEveryMs = 15_000
const stoppedMs = 10 * 60_000

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

/** One host, as enrolment, a beat, a probe and a benchmark leave it. */
async function newServingHost(): Promise<ScriptedHost> {
  const host = await bench.newHost(streams(['Hello']))
  const { nodeId, publicKey, url } = host
  const route = { kind: 'direct', url, epoch: 1 } as const
  const profile = { model, profileId: `${model}@q8` }
  await fleetOver(bench).enrol({ node: { nodeId, publicKey, route }, profile })
  return host
}

test('live hosts keep serving, dead ones get nothing, and the pool’s age is told', async () => {
  const { catalogue, fleet, pool } = fleetOver(bench)
  await catalogue.putModel(modelOnSale(model))
  const living = [await newServingHost(), await newServingHost()]
  const [silent, dead] = [await newServingHost(), await newServingHost()]
  let nowMs = Date.now()
  const clock = () => nowMs
  await recomputeEligibility({ fleet, catalogue, pool, nowMs: clock })

  // The same dice in every run, and fair: each host is drawn often enough to prove its route.
  let state = 7
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  const freshMs = 5_000
  const app = bench.appOf({
    nowMs: clock,
    random,
    shards: readShardFrom(pool, { random, freshMs, nowMs: clock }),
  })
  const customer = await bench.customer()
  const startedAtMs = nowMs
  const dispatchesOf = (host: ScriptedHost) => host.dispatches.length
  let deadAfterFresh = 0

  for (let tick = 1; tick * beatEveryMs <= stoppedMs; tick += 1) {
    nowMs = startedAtMs + tick * beatEveryMs
    for (const { nodeId } of living) {
      await fleet.recordBeat(aBeat(nodeId, { seq: nowMs, beatAtMs: nowMs }))
    }
    // It beats on, but its owner paused it: nobody needs a schedule to respect that.
    const paused = { seq: nowMs, beatAtMs: nowMs, state: 'paused_by_owner' } as const
    await fleet.recordBeat(aBeat(silent.nodeId, paused))
    if (nowMs - startedAtMs === 60_000) deadAfterFresh = dispatchesOf(dead)
    if ((nowMs - startedAtMs) % askEveryMs === 0) {
      // Of a conversation each, so that no host has all of them.
      await completionOf(await askChat(app, customer, { model, session_id: `${tick}` }))
    }
  }

  const served = living.map(dispatchesOf)
  for (const count of served) expect(count).toBeGreaterThan(3)
  expect(dispatchesOf(silent)).toBe(0)
  expect(dispatchesOf(dead)).toBe(deadAfterFresh)
  expect(served[0] ?? 0).toBeLessThanOrEqual(stoppedMs / askEveryMs)

  const ages: number[] = []
  const metrics = { publishAge: (ageSeconds: number) => void ages.push(ageSeconds) }
  await tellPoolAge({ pool, metrics, nowMs: clock })
  expect(ages).toEqual([stoppedMs / 1000])

  // The last ones fall silent as well: then nothing is guessed.
  nowMs += 61_000
  const refused = await errorOf(await askChat(app, customer, { model }))
  expect(refused).toMatchObject({ status: 503, code: 'no_eligible_host' })
})
