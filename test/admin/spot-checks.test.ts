// What operators do about spot checks: hand in references, name who pays, lift a verdict.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clearVerdict } from '../../src/admin/verdicts.ts'
import { factAfter } from '../../src/spot-checks/policy.ts'
import { aReading, aReference, aSampling, moved, tops } from '../spot-checks/facts.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'
import { fleetOver } from '../support/enrolled-fleet.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
  await plane.catalogue.putModel(catalogueModel('maker/model', [digestOf('a')]))
})
afterAll(() => plane.stop())

const reference = aReference({
  profile_id: 'maker/model@0',
  artifact_digest: digestOf('a'),
  runtime_kind: 'llamacpp',
})

describe('a reference', () => {
  test('is stored, and shown without its prompts', async () => {
    const put = await plane.operate('PUT', '/references', reference)
    const { readings: _, ...shown } = { object: 'reference', ...reference, prompts: 12 }
    expect([put.status, put.body]).toEqual([200, shown])
    const { body } = await plane.operate('GET', '/references')
    expect(body.data).toEqual([shown])
    expect(JSON.stringify(body)).not.toContain('Question')
    const stored = await plane.spotChecks.readReference({
      profileId: 'maker/model@0',
      runtimeKind: 'llamacpp',
      runtimeVersion: 'b6600',
    })
    expect(stored).toEqual(reference)
  })

  test.each([
    ['of another build', { artifact_digest: digestOf('b') }, 'artifact_digest'],
    ['of another profile', { profile_id: 'maker/model@1' }, 'artifact_digest'],
    ['of a runtime it is not sold under', { runtime_kind: 'vllm' as const }, 'runtime_kind'],
    ['without prompts', { readings: [] }, 'readings'],
    ['with too many', { readings: Array.from({ length: 97 }, () => aReading('a')) }, 'readings'],
    ['with four tokens', { readings: [aReading('a', tops.slice(0, 4))] }, 'readings.0.top'],
    ['with a probability', { readings: [aReading('a', moved(3))] }, 'readings.0.top.0.logprob'],
    ['that passes everything', { tau: 1.1 }, 'tau'],
  ])('is refused %s', async (_, changes, param) => {
    const reply = await plane.operate('PUT', '/references', { ...reference, ...changes })
    expect([reply.status, reply.error.param]).toEqual([400, param])
  })
})

describe('the platform’s account', () => {
  test('is any account but a host owner’s', async () => {
    const accountId = await plane.newAccount()
    const put = await plane.operate('PUT', '/platform-account', { account_id: accountId })
    expect(put.body).toEqual({ object: 'platform_account', account_id: accountId })
    expect(await plane.spotChecks.readPlatformAccount()).toBe(accountId)

    const owners = await plane.newAccount({ ownerId: 'owner-1' })
    const refused = await plane.operate('PUT', '/platform-account', { account_id: owners })
    expect([refused.status, refused.error.param]).toEqual([400, 'account_id'])
    const unknown = { account_id: 'acct_01JD0000000000000000000000' }
    expect((await plane.operate('PUT', '/platform-account', unknown)).status).toBe(404)
    expect(await plane.spotChecks.readPlatformAccount()).toBe(accountId)
  })

  test('becomes no host owner’s while it is the platform’s', async () => {
    const [accountId, next] = [await plane.newAccount(), await plane.newAccount()]
    await plane.operate('PUT', '/platform-account', { account_id: accountId })
    const give = (owner_id: string | null) =>
      plane.operate('PATCH', `/accounts/${accountId}`, { owner_id })
    expect((await give('alice')).error).toMatchObject({ code: 'invalid_value', param: 'owner_id' })
    expect((await give(null)).status).toBe(200)
    await plane.operate('PUT', '/platform-account', { account_id: next })
    expect((await give('alice')).body).toMatchObject({ owner_id: 'alice' })
  })
})

describe('a verdict', () => {
  test('is lifted, and leaves its counts', async () => {
    const { nodeId } = await fleetOver(plane).enrol()
    const name = { node_id: nodeId, profile_id: 'maker/model@q8' }
    const early = await plane.operate('POST', '/deployments/clear-verdict', name)
    expect([early.status, early.error.code]).toEqual([409, 'state_conflict'])

    const fails = { kind: 'fail', sharedTokens: 0, meanDelta: 1 } as const
    const checks = ['a', 'b'].map((promptId) => ({
      atMs: 1,
      promptId,
      artifactDigest: digestOf('a'),
      comparison: fails,
    }))
    const fact = checks.reduce<ReturnType<typeof factAfter> | undefined>(factAfter, undefined)
    const at = { nodeId, profileId: 'maker/model@q8' }
    await plane.spotChecks.writeSampling(at, { sampling: aSampling(), fromVersion: 0, fact })
    const contended = { ...plane.spotChecks, writeSampling: async () => false }
    const recompute = async () => undefined
    const deps = { fleet: plane.fleet, spotChecks: contended, recompute }
    expect(await clearVerdict(deps, name)).toMatchObject({ error: { retryable: true } })
    const { body } = await plane.operate('POST', '/deployments/clear-verdict', name)
    expect(body).toMatchObject({ object: 'spot_checks', passed: 0, failed: 2 })
    const [profile] = (await plane.fleet.readRow(nodeId))?.profiles ?? []
    expect(profile?.spotChecks).toMatchObject({ failed: 2, failures: [], condemned: undefined })
  })

  test('of a node or profile that is not there is not found', async () => {
    const { nodeId } = await fleetOver(plane).enrol()
    const clear = (node_id: string, profile_id: string) =>
      plane.operate('POST', '/deployments/clear-verdict', { node_id, profile_id })
    expect((await clear(nodeId, 'no/such@q8')).status).toBe(404)
    expect((await clear(`n_${'a'.repeat(26)}`, 'maker/model@q8')).status).toBe(404)
  })
})
