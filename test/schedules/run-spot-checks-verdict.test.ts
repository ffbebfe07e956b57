// From a lying host to a closed gate and back: two failures on different prompts condemn the build, the
// router no longer sends anything, and only the operator or another build changes that.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clearVerdict } from '../../src/admin/verdicts.ts'
import { judgeNode } from '../../src/fleet/pool.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { aHostFacts, aProfile } from '../adapters/dynamodb/facts.ts'
import { aReading, aReference, moved, tops } from '../spot-checks/facts.ts'
import { askChat } from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import type { ScriptedHost } from '../support/scripted-host.ts'
import { type SpotCheckBench, shows, spotCheckBench } from './spot-checked-host.ts'

let bench: GatewayBench
let checks: SpotCheckBench
// A pool has every host of its model, so each test has a fleet of its own.
beforeEach(async () => {
  bench = await startGatewayBench()
  checks = await spotCheckBench(bench)
  await checks.platform()
})
afterEach(() => bench.stop())

const q8InPlaceOfF32 = shows(moved(0.15))

const recompute = () =>
  recomputeEligibility({ ...checks, fleet: bench.fleet, pool: bench.pool, nowMs: Date.now })

const blockersOf = async ({ nodeId }: ScriptedHost): Promise<readonly string[]> => {
  const models = await checks.catalogue.listModels()
  const row = await checks.rowOf(nodeId)
  const [judged] = judgeNode(row, models, { nowMs: Date.now(), grace: undefined })
  return (judged?.eligibility.blockers ?? []).map(({ code }) => code)
}

const lie = async (): Promise<ScriptedHost> => {
  const host = await checks.host(q8InPlaceOfF32)
  expect(await checks.run([host])).toMatchObject({ failed: 1, condemned: 0 })
  return host
}
const condemn = async (): Promise<ScriptedHost> => {
  const host = await lie()
  await checks.hourLater(host)
  expect(await checks.run([host])).toMatchObject({ failed: 1, condemned: 1 })
  return host
}
const lift = ({ nodeId }: ScriptedHost) =>
  clearVerdict(
    { fleet: bench.fleet, spotChecks: checks.store, recompute: async () => undefined },
    { node_id: nodeId, profile_id: 'maker/model@q8' },
  )

describe('a failure', () => {
  test('closes no gate, and raises the sampling', async () => {
    const host = await lie()
    expect(await blockersOf(host)).toEqual([])
    const [stored] = (await checks.store.readSamplings(host.nodeId)).values()
    expect(stored?.sampling.alertRequests).toBe(100)
    expect(checks.judged.at(-1)).toMatchObject({ nodeId: host.nodeId, hasPassed: false })
  })

  test('on the same prompt again is no second one', async () => {
    const host = await lie()
    const [asked] = (await checks.profileOf(host)).spotChecks?.failures ?? []
    const [stored] = (await checks.store.readSamplings(host.nodeId)).values()
    expect(stored?.sampling.askedPromptIds).toEqual([asked?.promptId])
    await checks.store.putReference(
      aReference({ runtime_version: '0.11.2', readings: [aReading('Question 0?')] }),
    )
    await checks.hourLater(host)
    expect(await checks.run([host])).toMatchObject({ failed: 0, withoutPrompt: 1 })
  })
})

describe('two failures', () => {
  test('close the fifth gate: the next customer is told that no host is there', async () => {
    const host = await checks.host(q8InPlaceOfF32)
    await recompute()
    const customer = await bench.customer()
    const ask = () => askChat(bench.appOf({}), customer, { model: 'maker/model' })
    await checks.run([host])
    await checks.hourLater(host)
    await checks.run([host])
    expect(await blockersOf(host)).toEqual(['spot_checks_failed'])

    await recompute()
    const before = host.dispatches.length
    const reply = await ask()
    expect(reply.status).toBe(503)
    expect(await reply.json()).toMatchObject({
      error: { code: 'no_eligible_host', availability: { excluded_by: ['runtime_missing'] } },
    })
    expect(host.dispatches).toHaveLength(before)
  })

  test('are the last that the host is asked', async () => {
    const host = await condemn()
    await checks.hourLater(host)
    expect(await checks.run([host])).toMatchObject({ passed: 0, failed: 0 })
    expect(host.dispatches).toHaveLength(2)
  })

  test('stay when the model is removed and added again', async () => {
    const host = await condemn()
    const from = { basis: 'basis', hostFacts: aHostFacts }
    await bench.fleet.writeProfiles(host.nodeId, [], from)
    expect(await blockersOf(host)).toEqual(['profile_not_installed', 'spot_checks_failed'])
    await bench.fleet.writeProfiles(host.nodeId, [aProfile(host.nodeId)], from)
    expect(await blockersOf(host)).toEqual(['spot_checks_failed'])
  })
})

describe('a verdict', () => {
  test('is lifted by the operator’s word, and the host is then looked at closely', async () => {
    const host = await condemn()
    expect(await lift(host)).toMatchObject({ ok: true, value: { passed: 0, failed: 2 } })
    expect(await blockersOf(host)).toEqual([])
    host.always(shows(tops))
    await checks.hourLater(host)
    expect(await checks.run([host])).toMatchObject({ passed: 1 })
    const [stored] = (await checks.store.readSamplings(host.nodeId)).values()
    expect(stored?.sampling.alertRequests).toBe(100)
  })

  test('needs two new failures after that', async () => {
    const host = await condemn()
    await lift(host)
    await checks.hourLater(host)
    expect(await checks.run([host])).toMatchObject({ failed: 1, condemned: 0 })
    expect(await blockersOf(host)).toEqual([])
  })

  test('says nothing of another build', async () => {
    const host = await condemn()
    const other = `sha256:${'9'.repeat(64)}`
    const from = { basis: 'basis', hostFacts: aHostFacts }
    const changed = aProfile(host.nodeId, { artifactDigest: other })
    await bench.fleet.writeProfiles(host.nodeId, [changed], from)
    expect(await blockersOf(host)).not.toContain('spot_checks_failed')
  })

  test('cannot be lifted where none was spoken', async () => {
    const host = await checks.host(shows(tops))
    expect(await lift(host)).toMatchObject({ ok: false, error: { code: 'state_conflict' } })
  })
})
