import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { ids, sleep } from '../../src/adapters/system.ts'
import type { Dialer } from '../../src/dispatch/ports.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { probeRoutes } from '../../src/schedules/probe-routes.ts'
import {
  type EnrolledFleet,
  type Enrolment,
  startEnrolledFleet,
} from '../support/enrolled-fleet.ts'
import { type ScriptedHost, startScriptedHost } from '../support/scripted-host.ts'

let bench: EnrolledFleet
let host: ScriptedHost
beforeAll(async () => {
  bench = await startEnrolledFleet()
})
afterAll(() => bench.stop())

/** Probes one node alone, whose host answers as told; its probes are counted. */
async function probe(
  answer: ((query: URLSearchParams, response: ServerResponse) => void) | 'dead' | 'genuine',
  {
    wrap = (dialer: Dialer) => dialer,
    times = 1,
    ...enrolment
  }: Enrolment & { wrap?: (d: Dialer) => Dialer; times?: number } = {},
) {
  host = await startScriptedHost()
  let probes = 0
  host.onProbe((query, response) => {
    probes += 1
    if (typeof answer === 'function') answer(query, response)
    else response.end(JSON.stringify(host.routeProof(query)))
  })
  const route = { kind: 'direct', url: host.url, epoch: 1 } as const
  const { nodeId, publicKey } = host
  const identity = { nodeId, publicKey, route }
  await bench.enrol({ probe: 'none', ...enrolment, node: { ...identity, ...enrolment.node } })
  if (answer === 'dead') await host.stop()
  const alone = {
    async *rows() {
      const row = await bench.fleet.readRow(nodeId)
      if (row) yield row
    },
    recordProbe: bench.fleet.recordProbe,
  }
  const dialer = wrap(makeDialer({ allowsLoopback: true }))
  const run = () => probeRoutes({ fleet: alone, dialer, ids, nowMs: Date.now, sleep, spreadMs: 0 })
  const [report] = await Promise.all(Array.from({ length: times }, run))
  if (answer !== 'dead') await host.stop()
  return { report, probes, recorded: (await bench.fleet.readRow(nodeId))?.hot?.probe }
}

const reply = (body: unknown) => (_: URLSearchParams, response: ServerResponse) =>
  void response.end(JSON.stringify(body))

test('a route that ends at the enrolled key is good', async () => {
  const startedAtMs = Date.now()
  const { report, recorded, probes } = await probe('genuine')
  expect(report).toEqual({ probed: 1, good: 1, left: 0 })
  expect(probes).toBe(1)
  expect(recorded).toMatchObject({ failures: 0, epoch: 1 })
  expect(recorded?.okAtMs).toBeGreaterThanOrEqual(startedAtMs)
})

test('two probes of one route at once come to what one comes to', async () => {
  const { recorded } = await probe('genuine', { times: 2 })
  expect(recorded).toMatchObject({ failures: 0, epoch: 1 })
  const { recorded: bad } = await probe(reply({}), { times: 2 })
  expect(bad).toMatchObject({ okAtMs: 0, epoch: 1 })
  // Both may have read the count before either wrote it.
  expect([1, 2]).toContain(bad?.failures)
})

describe('a route is bad', () => {
  const stranger = makeSigner(generatePrivateKey())
  const proofThat =
    (statement: object, changed: object = {}, spaces = 0) =>
    (query: URLSearchParams, response: ServerResponse) => {
      const proof = JSON.stringify(host.routeProof(query, statement, changed))
      response.end(proof + ' '.repeat(spaces))
    }

  test.each([
    ['that names another node', proofThat({ node_id: `n_${'b'.repeat(26)}` })],
    ['that signs another nonce', proofThat({ nonce: 'of-another-probe' })],
    ['of another epoch', proofThat({ route_epoch: 2 })],
    ['whose reply was changed on its way', proofThat({}, { at_ms: 1 })],
    [
      'that another key signed',
      proofThat({}, { signature: stranger.sign('b3iq:route-probe:v1', {}) }),
    ],
    ['that says too much', proofThat({}, { extra: 1 })],
    ['that answers something else', reply({ hello: 'world' })],
    ['that answers no JSON', (_, response) => void response.end('<html>')],
    ['that answers at too great length', proofThat({}, {}, 4_096)],
    ['that fails', (_, response) => void response.writeHead(502).end('{}')],
    ['that redirects', (_, response) => void response.writeHead(302, { location: '/' }).end()],
    ['that hangs up', (_, response) => void response.destroy()],
    ['where nobody listens', 'dead' as const],
  ] satisfies [string, Parameters<typeof probe>[0]][])('%s', async (_, answer) => {
    const { report, recorded } = await probe(answer)
    expect(report).toEqual({ probed: 1, good: 0, left: 0 })
    expect(recorded).toEqual({ okAtMs: 0, failures: 1, epoch: 1 })
  })

  test('that stays silent', async () => {
    const wrap = (dialer: Dialer): Dialer => ({
      ...dialer,
      get: (order) => dialer.get({ ...order, headersTimeoutMs: 100 }),
    })
    const { recorded } = await probe(() => undefined, { wrap })
    expect(recorded).toMatchObject({ failures: 1 })
  })
})

describe('a node is probed', () => {
  test.each(['pending', 'approved', 'active'] as const)('when it is %s', async (status) => {
    expect((await probe('genuine', { node: { status } })).probes).toBe(1)
  })

  test.each(['suspended', 'retired', 'banned'] as const)('not when it is %s', async (status) => {
    const { report, recorded } = await probe('genuine', { node: { status } })
    expect(report).toEqual({ probed: 0, good: 0, left: 0 })
    expect(recorded).toBeUndefined()
  })

  test('not before its first beat', async () => {
    expect((await probe('genuine', { beat: 'none' })).report).toEqual({
      probed: 0,
      good: 0,
      left: 0,
    })
  })
})

test('a second failure closes the route, one success opens it', async () => {
  const node = await bench.enrol({ probe: 'good' })
  const atMs = Date.now() + 1_000
  const { nodeId } = node
  for (const [later, isGood, failures] of [
    [0, false, 1],
    [1, false, 2],
    [2, true, 0],
  ] as const) {
    await bench.fleet.recordProbe({ nodeId, epoch: 1, atMs: atMs + later, isGood })
    expect((await bench.fleet.readRow(nodeId))?.hot?.probe).toMatchObject({ failures })
  }
})

test('all are probed, many at a time, and one that cannot be recorded holds up no other', async () => {
  const hosts = await Promise.all(Array.from({ length: 40 }, () => startScriptedHost()))
  const own = await startEnrolledFleet()
  for (const { nodeId, publicKey, url } of hosts) {
    const route = { kind: 'direct', url, epoch: 1 } as const
    await own.enrol({ node: { nodeId, publicKey, route }, probe: 'none' })
  }
  const dialer = makeDialer({ allowsLoopback: true })
  let running = 0
  let most = 0
  const counting: Dialer = {
    ...dialer,
    get: async (order) => {
      running += 1
      most = Math.max(most, running)
      const outcome = await dialer.get(order)
      running -= 1
      return outcome
    },
  }
  const [first] = hosts
  const fleet = {
    rows: own.fleet.rows,
    recordProbe: async (result: Parameters<typeof own.fleet.recordProbe>[0]) => {
      if (result.nodeId === first?.nodeId) throw new Error('throttled')
      await own.fleet.recordProbe(result)
    },
  }
  const run = probeRoutes({ fleet, dialer: counting, ids, nowMs: Date.now, sleep, spreadMs: 0 })
  await expect(run).rejects.toThrow('1 items failed')
  expect(most).toBeGreaterThan(1)
  const items = await own.fleet.readHotItems(hosts.map(({ nodeId }) => nodeId))
  const good = [...items.values()].filter(({ probe: recorded }) => recorded?.failures === 0)
  expect(good).toHaveLength(39)
  await Promise.all([...hosts.map((one) => one.stop()), own.stop()])
})
