import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { reputationText } from '../../apps/host/reputation.ts'
import { makeReputationStore } from '../../src/adapters/dynamodb/reputation-store.ts'
import { ReputationReply, WireReputation } from '../../src/protocol/reputation.ts'
import { learnFromSpotCheck } from '../../src/reputation/keep-reputation.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { approvedHost } from '../support/test-host.ts'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

/** One check passed, then one failed. */
async function checkedHost() {
  const host = await approvedHost(plane)
  const { nodeId } = host
  const deps = {
    reputations: makeReputationStore(plane),
    nowMs: plane.nowMs,
    onFailure: ({ error }: { error: unknown }) => {
      throw error
    },
  }
  await learnFromSpotCheck(deps, { nodeId, atMs: plane.nowMs() - 1000, hasPassed: true })
  await learnFromSpotCheck(deps, { nodeId, atMs: plane.nowMs(), hasPassed: false })
  return host
}

describe('a reputation', () => {
  test('is told to its node, event by event, newest first', async () => {
    const host = await checkedHost()
    const { status, body } = await host.send('GET', 'reputation', undefined)
    expect(status).toBe(200)
    const { reputation } = ReputationReply.parse(body)
    expect(reputation).toMatchObject({
      node_id: host.nodeId,
      integrity: { good: 3, bad: 3 },
      delivery: { lower_bound: 0, good: 0, bad: 0 },
    })
    expect(reputation.events.map(({ reason, is_good }) => [reason, is_good])).toEqual([
      ['spot_check_failed', false],
      ['spot_check_passed', true],
    ])
  })

  test('is the same for the operator', async () => {
    const host = await checkedHost()
    const own = ReputationReply.parse((await host.send('GET', 'reputation', undefined)).body)
    const shown = await plane.operate('GET', `/nodes/${host.nodeId}/reputation`)
    expect(shown.status).toBe(200)
    expect(WireReputation.parse(shown.body)).toEqual(own.reputation)
  })

  test('of a node that nobody knows is not found', async () => {
    const shown = await plane.operate('GET', '/nodes/n_aaaaaaaaaaaaaaaaaaaaaaaaaa/reputation')
    expect(shown.status).toBe(404)
    const Refusal = z.object({ error: z.object({ code: z.string() }) })
    expect(Refusal.parse(shown.body).error.code).toBe('node_not_found')
  })

  test('is read by people as a score, three respects and what moved them', async () => {
    const host = await checkedHost()
    const { body } = await host.send('GET', 'reputation', undefined)
    const text = reputationText(ReputationReply.parse(body).reputation)
    expect(text).toContain('after 0 paid requests of others')
    expect(text).toMatch(/^integrity +0\.\d\d +3\.0 +3\.0$/m)
    expect(text).toMatch(/^delivery +unknown +0\.0 +0\.0$/m)
    expect(text).toMatch(/- +1 x +A spot check found another answer/)
  })
})
