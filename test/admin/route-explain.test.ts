// Why each profile of a model would or would not serve a request, as operators ask it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { makePoolStore } from '../../src/adapters/dynamodb/pool-store.ts'
import type { NodeFacts } from '../../src/fleet/node.ts'
import { recomputeEligibility } from '../../src/schedules/recompute-eligibility.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { fleetOver } from '../support/enrolled-fleet.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const model = 'maker/model'
const messages = [{ role: 'user', content: 'Say hello.' }]

let plane: ControlPlane
let key: string
let nodes: { readonly here: NodeFacts; readonly there: NodeFacts; readonly pending: NodeFacts }
beforeAll(async () => {
  plane = await startControlPlane()
  const fleet = fleetOver(plane)
  await plane.catalogue.putModel(modelOnSale(model))
  nodes = {
    here: await fleet.enrol({ node: { region: 'eu-west-1' } }),
    there: await fleet.enrol({ node: { region: 'us' } }),
    pending: await fleet.enrol({ node: { status: 'pending' }, benchmark: 'none' }),
  }
  await recomputeEligibility({ ...plane, pool: makePoolStore(plane) })
  const account = await plane.newAccount()
  const credit = { amount_usd: '10', kind: 'top_up', reference: 'paid' }
  await plane.operate('POST', `/accounts/${account}/credits`, credit)
  const { body } = await plane.operate('POST', '/keys', { account_id: account, name: 'ci' })
  key = z.string().parse(body.id)
})
afterAll(() => plane.stop())

const Explanation = z.looseObject({
  hosts: z.object({ data: z.array(z.looseObject({ node_id: z.string() })), next: z.any() }),
})
const ask = (changes: object = {}, question: object = {}) =>
  plane.operate('POST', '/route-explain', {
    key_id: key,
    body: { model, messages, ...changes },
    ...question,
  })
const rowsOf = async (changes: object = {}) => {
  const { data } = Explanation.parse((await ask(changes)).body).hosts
  return (node: NodeFacts) => data.find(({ node_id }) => node_id === node.nodeId)
}

describe('an explanation', () => {
  test('has the plan, and every profile of the model with its part in the choice', async () => {
    const { body } = await ask()
    expect(body).toMatchObject({
      object: 'route_explanation',
      endpoint: '/v1/chat/completions',
      model,
      would_be_dispatched: true,
      plan: { hold_usd: expect.any(String), choices: 1 },
    })
    const row = await rowsOf()
    for (const node of [nodes.here, nodes.there]) {
      expect(row(node)).toMatchObject({
        eligible: true,
        blockers: [],
        removed_by: [],
        incident_id: null,
        price: { prompt_usd_per_mtok: expect.any(String) },
        in_view: true,
        would_be_tried: true,
        chance_tried: 1,
      })
    }
    expect(row(nodes.pending)).toMatchObject({
      eligible: false,
      blockers: expect.arrayContaining([expect.objectContaining({ code: 'not_approved' })]),
      in_view: false,
      position: null,
      would_be_tried: false,
      chance_first: 0,
    })
  })

  test('names the policy that removes a profile', async () => {
    const row = await rowsOf({ provider: { region: ['eu'] } })
    expect(row(nodes.here)).toMatchObject({ removed_by: [], position: 1, chance_first: 1 })
    expect(row(nodes.there)).toMatchObject({
      eligible: true,
      removed_by: ['region'],
      position: null,
    })
  })

  test('names the incident that pauses a node', async () => {
    const { body: incident } = await plane.operate('POST', '/incidents', {
      scope: { kind: 'node', id: nodes.here.nodeId },
      reason: 'a fire',
      expires_at: new Date(plane.nowMs() + 60_000).toISOString(),
    })
    const row = await rowsOf()
    expect(row(nodes.here)).toMatchObject({ incident_id: incident.id, would_be_tried: false })
    expect(row(nodes.there)).toMatchObject({ incident_id: null, position: 1, chance_first: 1 })
    await plane.operate('POST', `/incidents/${incident.id}/resolve`)
  })

  test('comes in pages of profiles', async () => {
    const seen: string[] = []
    let after: object = {}
    for (let page = 0; page < 4; page += 1) {
      const { hosts } = Explanation.parse((await ask({}, { limit: 1, ...after })).body)
      seen.push(...hosts.data.map(({ node_id }) => node_id))
      if (hosts.next === null) break
      after = { after: hosts.next }
    }
    const all = Object.values(nodes).map(({ nodeId }) => nodeId)
    expect(seen.toSorted()).toEqual(all.toSorted())
  })

  test('leaves no record and moves no money', async () => {
    const before = await plane.operate('GET', '/audit')
    await ask()
    expect((await plane.operate('GET', '/audit')).body).toEqual(before.body)
  })
})

describe('a question is refused', () => {
  test.each([
    [{ key_id: 'key_01ARZ3NDEKTSV4RRFFQ69G5FAV' }, 404, 'key_not_found', 'key_id'],
    [{ endpoint: '/v1/nothing' }, 400, 'invalid_value', 'endpoint'],
    [{ after: `n_${'a'.repeat(26)}` }, 400, 'invalid_value', 'after'],
    [{ limit: 101 }, 400, 'invalid_value', 'limit'],
    [{ body: 'text' }, 400, 'invalid_value', 'body'],
  ])('%j', async (question, status, code, param) => {
    expect(await ask({}, question)).toMatchObject({ status, error: { code, param } })
  })
})
