// Choice as customers meet it: over HTTP, through stored pools.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askChat, completionOf, errorOf } from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { busy, streams } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const tools = [{ type: 'function', function: { name: 'weather', parameters: {} } }]

describe('a request that no host may serve is refused with the reason', () => {
  test.each([
    ['provider', { provider: { only: ['maker/other@q8'] } }, {}],
    ['region', { provider: { region: ['us'] } }, { region: 'eu-west-1' }],
    ['require_parameters', { tools }, { capabilities: ['logprobs' as const] }],
    ['require_parameters', { logprobs: true }, { capabilities: undefined }],
  ])('%s: %j', async (reason, body, host) => {
    const { model, hosts } = await bench.sale([streams(['Hello'])], { host })
    const customer = await bench.customer()
    const reply = await askChat(bench.appOf({}), customer, { model: model.id, ...body })
    expect(await errorOf(reply)).toMatchObject({
      code: 'no_eligible_host',
      availability: { excluded_by: [reason] },
    })
    expect(hosts.flatMap(({ dispatches }) => dispatches)).toEqual([])
  })
})

test('a node may be ignored by those alone whose key shows nodes', async () => {
  const { model, host } = await bench.sale([streams(['Hello'])])
  const body = { model: model.id, provider: { ignore: [host.nodeId] } }
  const app = bench.appOf({})
  await completionOf(await askChat(app, await bench.customer(), body))
  const knowing = await bench.customer({ key: { policy: { exposes_node_id: true } } })
  const refused = await errorOf(await askChat(app, knowing, body))
  expect(refused).toMatchObject({ availability: { excluded_by: ['provider'] } })
})

test('a session keeps its host, whichever gateway is asked', async () => {
  const { model, hosts } = await bench.sale(Array.from({ length: 6 }, () => streams(['Hello'])))
  const customer = await bench.customer()
  const gateways = [0.5, 0.7, 0.9].map((roll) => bench.appOf({ random: () => roll }))
  const hostOf = async (session_id: string) => {
    const before = hosts.map(({ dispatches }) => dispatches.length)
    for (const app of gateways) {
      await completionOf(await askChat(app, customer, { model: model.id, session_id }))
    }
    const asked = hosts.map(({ dispatches }, at) => dispatches.length - (before[at] ?? 0))
    expect(asked.toSorted()).toEqual([0, 0, 0, 0, 0, gateways.length])
    return asked.indexOf(gateways.length)
  }
  const owners = new Set<number>()
  for (let session = 0; session < 8; session += 1) owners.add(await hostOf(`session ${session}`))
  expect(owners.size).toBeGreaterThan(1)
})

test('without fallbacks one host is asked, and no other where it is full', async () => {
  const { model, hosts } = await bench.sale([busy, streams(['Hello'])])
  const customer = await bench.customer()
  const body = { model: model.id, provider: { allow_fallbacks: false } }
  const refused = await errorOf(await askChat(bench.appOf({}), customer, body))
  expect(refused).toMatchObject({ code: 'capacity_exhausted' })
  expect(hosts.map(({ dispatches }) => dispatches.length)).toEqual([1, 0])
})
