// Pauses as customers meet them: over HTTP, at gateways that know nothing of each other.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import { ownerTagOf } from '../../src/fleet/owner-tag.ts'
import { makeFreshCache } from '../../src/gateway/fresh-cache.ts'
import { incidentsFreshMs } from '../../src/gateway/paused.ts'
import type { IncidentScope } from '../../src/incidents/incident.ts'
import { askChat, completionOf, errorOf, streamOf } from '../support/chat-client.ts'
import {
  type BenchChanges,
  type Customer,
  type GatewayBench,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import {
  answers,
  finishes,
  hangsUp,
  makeLatch,
  says,
  streams,
  type Turn,
} from '../support/host-answers.ts'

let bench: GatewayBench
let customer: Customer
beforeAll(async () => {
  bench = await startGatewayBench()
  customer = await bench.customer()
})
afterAll(() => bench.stop())

let aheadMs = 0
const opened: string[] = []
beforeEach(() => {
  aheadMs = 0
})
afterEach(async () => {
  for (const id of opened.splice(0)) await resolve(id)
})
const nowMs = () => Date.now() + aheadMs

/** A process of its own: with its own cache of what is paused, as it is deployed. */
function newGateway(changes: BenchChanges = {}) {
  const kept = makeFreshCache(bench.incidents.readActive, { freshMs: incidentsFreshMs, nowMs })
  return bench.appOf({ nowMs, readIncidents: async () => (await kept('active')) ?? [], ...changes })
}

async function pause(scope: IncidentScope, lastsMs = 600_000): Promise<string> {
  const openedAtMs = nowMs()
  const incidentId = `inc_${ids.ulid(openedAtMs)}`
  const untilMs = openedAtMs + lastsMs
  const incident = { incidentId, scope, untilMs, reason: 'a fire', openedAtMs, openedBy: 'key_1' }
  expect(await bench.incidents.openIncident(incident, openedAtMs)).toBe('opened')
  opened.push(incidentId)
  return incidentId
}
const resolve = (id: string) => bench.incidents.resolveIncident(id, { atMs: nowMs(), by: 'key_1' })

const hello = () => streams(['Hello'])
type App = ReturnType<typeof newGateway>
const ask = (app: App, model: string) => askChat(app, customer, { model })

describe('what is paused for all of its hosts', () => {
  test('is refused by every gateway within 5 s, and served again within 5 s of the end', async () => {
    const { model, host } = await bench.sale([hello()])
    const gateways = [newGateway(), newGateway()]
    for (const app of gateways) await completionOf(await ask(app, model.id))
    const id = await pause({ kind: 'model', id: model.id })
    aheadMs += 4_000
    const until = expect.stringMatching(/^20/)
    for (const app of gateways) {
      const reply = await ask(app, model.id)
      expect(reply.headers.get('retry-after')).toBe('60')
      expect(await errorOf(reply)).toMatchObject({
        status: 503,
        code: 'incident_paused',
        retryable: true,
        incident: { id, scope: { kind: 'model', id: model.id }, until },
      })
    }
    expect(host.dispatches).toHaveLength(2)
    await resolve(id)
    aheadMs += 4_000
    for (const app of gateways) await completionOf(await ask(app, model.id))
  })

  test('comes back when its time is over, though nobody writes anything', async () => {
    const { model } = await bench.sale([hello()])
    await pause({ kind: 'everything' }, 2_500)
    const app = newGateway()
    const refused = await ask(app, model.id)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(3)
    expect(await errorOf(refused)).toMatchObject({ incident: { scope: { kind: 'everything' } } })
    aheadMs += 2_500
    await completionOf(await ask(app, model.id))
  })

  test('may be one customer', async () => {
    const { model } = await bench.sale([hello()])
    await pause({ kind: 'customer', id: customer.key.accountId })
    const app = newGateway()
    expect(await errorOf(await ask(app, model.id))).toMatchObject({ code: 'incident_paused' })
    await completionOf(await askChat(app, await bench.customer(), { model: model.id }))
  })

  test('leaves what runs already to its end', async () => {
    const { opened: paused, open } = makeLatch()
    async function* frames() {
      yield says('Hello')
      await paused
      yield says(' there')
      yield finishes()
    }
    const { model } = await bench.sale([answers({ frames: frames() })])
    const app = newGateway()
    const running = await askChat(app, customer, { model: model.id, stream: true })
    await pause({ kind: 'model', id: model.id })
    aheadMs += 4_000
    expect(await errorOf(await ask(app, model.id))).toMatchObject({ code: 'incident_paused' })
    open()
    const stream = await streamOf(running)
    expect([stream.text, stream.isDone]).toEqual(['Hello there', true])
  })
})

describe('a host that is paused', () => {
  const scopes: readonly [string, (nodeId: string) => IncidentScope][] = [
    ['node', (nodeId) => ({ kind: 'node', id: nodeId })],
    ['owner', () => ({ kind: 'owner', id: 'alice' })],
    ['route_class', () => ({ kind: 'route_class', id: 'datacenter_optimized' })],
  ]

  test.each(scopes)('by its %s is passed over', async (_, scopeOf) => {
    const { model, hosts } = await bench.sale([hello(), hello()], {
      firstHost: { ownerTag: ownerTagOf('alice'), routeTier: 'datacenter_optimized' },
      model: { prices: pricesOf('network_beta', 'datacenter_optimized') },
    })
    await pause(scopeOf(hosts[0]?.nodeId ?? ''))
    await completionOf(await ask(newGateway(), model.id))
    expect(hosts.map(({ dispatches }) => dispatches.length)).toEqual([0, 1])
  })

  test.each(scopes)(
    'by its %s and alone is an incident, not a lack of hosts',
    async (kind, scopeOf) => {
      const { model, host } = await bench.sale([hello()], {
        host: { ownerTag: ownerTagOf('alice'), routeTier: 'datacenter_optimized' },
        model: { prices: pricesOf('datacenter_optimized') },
      })
      const id = await pause(scopeOf(host.nodeId))
      const error = await errorOf(await ask(newGateway(), model.id))
      expect(error).toMatchObject({ status: 503, code: 'incident_paused', incident: { id } })
      // Nodes and owners are nobody's business.
      const told = kind === 'route_class' ? { kind, id: 'datacenter_optimized' } : { kind }
      expect(error).toMatchObject({ incident: { scope: told } })
      expect(JSON.stringify(error)).not.toMatch(new RegExp(`alice|${host.nodeId}`))
      expect(host.dispatches).toEqual([])
    },
  )

  test('is one reason of several where others were left out as well', async () => {
    const { model, host } = await bench.sale([hello()])
    await pause({ kind: 'node', id: host.nodeId })
    const body = { model: model.id, provider: { region: ['us'] } }
    expect(await errorOf(await askChat(newGateway(), customer, body))).toMatchObject({
      code: 'no_eligible_host',
      availability: { excluded_by: expect.arrayContaining(['incident']) },
    })
  })

  test('is not asked next either, when it was paused while another was tried', async () => {
    const pausesTheOther = async (turn: Turn) => {
      const other = hosts.find(({ nodeId }) => nodeId !== turn.nodeId)
      await pause({ kind: 'node', id: other?.nodeId ?? '' })
      aheadMs += 4_000
      await hangsUp(turn)
    }
    const { model, hosts } = await bench.sale([pausesTheOther, pausesTheOther])
    const error = await errorOf(await ask(newGateway(), model.id))
    expect(error.status).toBeGreaterThanOrEqual(502)
    expect(hosts.flatMap(({ dispatches }) => dispatches)).toHaveLength(1)
  })
})

test('where nobody can say what is paused, nothing is dispatched', async () => {
  const { model, host } = await bench.sale([hello()])
  const readIncidents = () => Promise.reject(new Error('no database'))
  const before = await bench.wallet(customer)
  const reply = await ask(newGateway({ readIncidents }), model.id)
  expect(await errorOf(reply)).toMatchObject({ status: 503, code: 'ledger_unavailable' })
  expect(host.dispatches).toEqual([])
  expect(await bench.wallet(customer)).toEqual(before)
})

function pricesOf(...routeTiers: readonly ('network_beta' | 'datacenter_optimized')[]) {
  return routeTiers.map((route_tier) => ({
    route_tier,
    trust_tier: 'T0' as const,
    prompt_usd_per_mtok: '0.10',
    cached_prompt_usd_per_mtok: '0.05',
    completion_usd_per_mtok: '0.30',
  }))
}
