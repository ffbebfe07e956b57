import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { ids, nowMs, startTimer } from '../../src/adapters/system.ts'
import type { AttemptDeps } from '../../src/dispatch/attempt.ts'
import { startOnCurrentRoute } from '../../src/dispatch/current-route.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import type { NodeFacts } from '../../src/fleet/node.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { aCandidate, aNode } from '../adapters/dynamodb/facts.ts'
import { askChat, streamOf } from '../support/chat-client.ts'
import { fleetOver } from '../support/enrolled-fleet.ts'
import { asksOf } from '../support/gateway-asks.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { busy, refuses, type Script, streams } from '../support/host-answers.ts'
import { type ScriptedHost, startScriptedHost } from '../support/scripted-host.ts'

const root = makeSigner(generatePrivateKey())
const attempts: AttemptDeps = {
  stage: 'test',
  dialer: makeDialer({ allowsLoopback: true }),
  ticketSigner: makeTicketSigner({ stage: 'test', root, ids, nowMs }),
  ids,
  nowMs,
  startTimer,
}

const hosts: ScriptedHost[] = []
afterEach(() => Promise.all(hosts.splice(0).map((host) => host.stop())))

/** An attempt by a pool that knows epoch 4, at a host that answers as scripted, of which `stored` is known. */
async function attemptAt(
  scripts: readonly Script[],
  stored: (host: ScriptedHost) => NodeFacts | undefined,
) {
  const host = await startScriptedHost(...scripts)
  hosts.push(host)
  const { nodeId, publicKey } = host
  let reads = 0
  const attempt = await startOnCurrentRoute(
    {
      ...attempts,
      fleet: {
        readNode: async (asked) => {
          reads += 1
          return asked === nodeId ? stored(host) : undefined
        },
      },
    },
    {
      candidate: aCandidate({ nodeId, publicKey, routeUrl: host.url, routeEpoch: 4 }),
      holdId: ids.ulid(nowMs()),
      attempt: 2,
      path: '/v1/chat/completions',
      body: Buffer.from('{"messages":[]}'),
      maxTokens: 64,
      choices: 1,
      priceVersion: 3,
      signal: new AbortController().signal,
    },
  )
  return { host, attempt, reads, tickets: host.dispatches.map(({ ticket }) => ticket) }
}

const movedTo =
  (epoch: number, changes: Partial<NodeFacts> = {}) =>
  ({ nodeId, publicKey, url }: ScriptedHost): NodeFacts =>
    aNode({
      nodeId,
      publicKey,
      status: 'active',
      route: { kind: 'direct', url, epoch },
      ...changes,
    })

describe('a route that the pool does not know yet', () => {
  test('is taken in the same attempt, under a new ticket for the new epoch', async () => {
    const { attempt, tickets, reads } = await attemptAt([refuses(409), streams(['x'])], movedTo(5))
    expect(attempt).toMatchObject({ kind: 'open', candidate: { routeEpoch: 5 } })
    expect(tickets.map((ticket) => [ticket.route_epoch, ticket.attempt])).toEqual([
      [4, 2],
      [5, 2],
    ])
    const [first, second] = tickets
    expect(first?.ticket_id).not.toBe(second?.ticket_id)
    expect(attempt.ticketId).toBe(second?.ticket_id)
    expect(reads).toBe(1)
  })

  test('is dialled where it leads now, by the key that it has now', async () => {
    const elsewhere = await startScriptedHost()
    hosts.push(elsewhere)
    const pin = 'c'.repeat(64)
    const route = {
      kind: 'direct',
      url: elsewhere.url,
      epoch: 5,
      certificateKeySha256: pin,
    } as const
    const { attempt } = await attemptAt([refuses(409)], movedTo(5, { route }))
    // A key cannot be shown over plain http: that it was asked for is seen by the refusal.
    expect(attempt).toMatchObject({
      kind: 'failed',
      reason: 'connect_failed',
      candidate: { routeUrl: elsewhere.url, certificateKeySha256: pin },
    })
  })

  test('is taken once: a second refusal stands', async () => {
    const { attempt, host } = await attemptAt([refuses(409), refuses(409)], movedTo(5))
    expect(attempt).toMatchObject({ kind: 'failed', reason: 'stale_route' })
    expect(host.dispatches).toHaveLength(2)
  })
})

test('who is dialled by the way that is stored and says it has another one has refused', async () => {
  const { attempt, host } = await attemptAt([refuses(409), streams(['x'])], movedTo(4))
  expect(attempt).toMatchObject({ kind: 'failed', reason: 'refused' })
  expect(host.dispatches).toHaveLength(1)
})

describe('a refusal for its route stands', () => {
  test.each([
    ['when what is known is older', movedTo(3)],
    ['when the node is unknown', () => undefined],
    ['when the node was suspended since', movedTo(5, { status: 'suspended' })],
    ['when the node was retired since', movedTo(5, { status: 'retired' })],
    [
      'when the store cannot be asked',
      () => {
        throw new Error('throttled')
      },
    ],
  ] satisfies [string, Parameters<typeof attemptAt>[1]][])('%s', async (_, stored) => {
    const { attempt, host } = await attemptAt([refuses(409), streams(['x'])], stored)
    expect(attempt).toMatchObject({ kind: 'failed', reason: 'stale_route' })
    expect(host.dispatches).toHaveLength(1)
  })
})

test.each([
  ['a host that starts', streams(['x'])],
  ['a host that is busy', busy],
  ['a host that refuses', refuses(500)],
])('%s costs no read', async (_, script) => {
  const { reads, host } = await attemptAt([script], movedTo(5))
  expect(reads).toBe(0)
  expect(host.dispatches).toHaveLength(1)
})

describe('a paid request', () => {
  let bench: GatewayBench
  beforeAll(async () => {
    bench = await startGatewayBench()
  })
  afterAll(() => bench.stop())
  const { wayOf } = asksOf(() => bench)

  test('on a moved route is served at the first attempt, as its receipt says', async () => {
    const { model, host } = await bench.sale([refuses(409)])
    host.plays(streams(['Hello']))
    const { nodeId, publicKey, url } = host
    const node = { nodeId, publicKey, route: { kind: 'direct', url, epoch: 2 } } as const
    await fleetOver(bench).enrol({ node, beat: 'none', probe: 'none' })
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(), customer, { model: model.id, stream: true })
    const reply = await streamOf(response)
    expect(reply).toMatchObject({ text: 'Hello', isDone: true })
    expect(reply.last.b3iq).toMatchObject({ retries: 0 })
    expect((await wayOf(customer)).attempts).toEqual([[nodeId, 'served']])
    expect(host.dispatches.map(({ ticket }) => ticket.route_epoch)).toEqual([1, 2])
  })
})
