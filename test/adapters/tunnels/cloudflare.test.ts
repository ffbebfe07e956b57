import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sleep } from '../../../src/adapters/system.ts'
import {
  type CloudflareTunnelsOptions,
  makeCloudflareTunnels,
} from '../../../src/adapters/tunnels/cloudflare.ts'
import { cloudflare, type Fault, startFakeCloudflare } from '../../support/fake-cloudflare.ts'

const nodeId = `n_${'a'.repeat(26)}`
const otherId = `n_${'b'.repeat(26)}`
const hostName = `n-${'a'.repeat(26)}-prod.hosts.example`

let api: Awaited<ReturnType<typeof startFakeCloudflare>>
/** What would have been waited for. */
let waits: number[]
beforeEach(async () => {
  api = await startFakeCloudflare()
  waits = []
})
afterEach(() => api.stop())

const tunnelsOf = (changes: Partial<CloudflareTunnelsOptions> = {}) =>
  makeCloudflareTunnels({
    ...cloudflare,
    stage: 'prod',
    baseUrl: api.baseUrl,
    sleep: (durationMs, signal) => {
      waits.push(durationMs)
      return sleep(1, signal)
    },
    ...changes,
  })

/** Exactly one of everything, and it fits together. */
function expectWhole({ tunnelId }: { readonly tunnelId: string }): void {
  expect(api.live()).toMatchObject([
    {
      id: tunnelId,
      name: `b3iq-prod-${nodeId}`,
      config: {
        config: {
          ingress: [
            { hostname: hostName, service: 'http://127.0.0.1:8443' },
            { service: 'http_status:404' },
          ],
        },
      },
    },
  ])
  expect(api.names).toMatchObject([
    { type: 'CNAME', name: hostName, content: `${tunnelId}.cfargotunnel.com`, proxied: true },
  ])
}

describe('opening', () => {
  test('makes the tunnel, its ingress and its name, and tells the token', async () => {
    const tunnel = await tunnelsOf().open(nodeId)
    expectWhole(tunnel)
    const [made] = api.live()
    expect(tunnel).toEqual({ tunnelId: made?.id, hostName, token: `token-of-${made?.id}` })
  })

  test('again finds what there is', async () => {
    const first = await tunnelsOf().open(nodeId)
    expect(await tunnelsOf().open(nodeId)).toEqual(first)
    expectWhole(first)
  })

  test('at once from several places makes one', async () => {
    const opened = await Promise.all([1, 2, 3].map(() => tunnelsOf().open(nodeId)))
    const [first] = opened
    if (!first) throw new Error('nothing was opened')
    expect(opened).toEqual([first, first, first])
    expectWhole(first)
  })

  test('gives each node its own, in each stage', async () => {
    const tunnels = [tunnelsOf(), tunnelsOf({ stage: 'dev' })]
    const opened = await Promise.all(
      tunnels.flatMap((one) => [nodeId, otherId].map((id) => one.open(id))),
    )
    expect(new Set(opened.map(({ tunnelId }) => tunnelId)).size).toBe(4)
    expect(new Set(opened.map((tunnel) => tunnel.hostName)).size).toBe(4)
  })

  test('finds a tunnel beyond the first page', async () => {
    for (let index = 0; index < 60; index += 1) {
      api.tunnels.push({
        id: crypto.randomUUID(),
        name: `b3iq-prod-${nodeId}-${index}`,
        deletedAt: null,
        config: null,
        connections: 0,
        reconnects: 0,
      })
    }
    const first = await tunnelsOf().open(nodeId)
    const calls = api.calls.length
    expect(await tunnelsOf().open(nodeId)).toEqual(first)
    expect(api.calls.slice(calls).filter((call) => call === 'GET tunnels')).toHaveLength(2)
    expect(api.live()).toHaveLength(61)
  })

  test('leads the name to the new tunnel where the old one was removed by hand', async () => {
    const first = await tunnelsOf().open(nodeId)
    for (const tunnel of api.live()) tunnel.deletedAt = new Date(0).toISOString()
    const second = await tunnelsOf().open(nodeId)
    expect(second.tunnelId).not.toBe(first.tunnelId)
    expectWhole(second)
  })

  test('proxies a name that somebody stopped proxying', async () => {
    const tunnel = await tunnelsOf().open(nodeId)
    for (const record of api.names) record.proxied = false
    await tunnelsOf().open(nodeId)
    expectWhole(tunnel)
  })

  test.each([
    ['A', '203.0.113.7'],
    ['CNAME', 'elsewhere.example'],
  ])('takes no name that has another %s record', async (type, content) => {
    api.names.push({ id: 'taken', type, name: hostName, content, proxied: false })
    await expect(tunnelsOf().open(nodeId)).rejects.toThrow(
      `Cloudflare did not create the host name: ${hostName} has a ${type} record that is none of ours: remove it.`,
    )
    expect(api.names).toMatchObject([{ type, content }])
  })
})

describe('closing', () => {
  test('takes connections, name and tunnel', async () => {
    const { tunnelId } = await tunnelsOf().open(nodeId)
    for (const tunnel of api.live()) tunnel.connections = 4
    await tunnelsOf().close(tunnelId)
    expect([api.live(), api.names]).toEqual([[], []])
  })

  test('takes the name first, so that it never leads nowhere', async () => {
    const { tunnelId } = await tunnelsOf().open(nodeId)
    const before = api.calls.length
    await tunnelsOf().close(tunnelId)
    expect(api.calls.slice(before).filter((call) => call.startsWith('DELETE'))).toEqual([
      'DELETE name',
      'DELETE tunnel/connections',
      'DELETE tunnel',
    ])
  })

  test('again, or what never was, is no error', async () => {
    const { tunnelId } = await tunnelsOf().open(nodeId)
    await tunnelsOf().close(tunnelId)
    await tunnelsOf().close(tunnelId)
    await tunnelsOf().close(crypto.randomUUID())
  })

  test('takes a name that outlived its tunnel', async () => {
    const { tunnelId } = await tunnelsOf().open(nodeId)
    for (const tunnel of api.live()) tunnel.deletedAt = new Date(0).toISOString()
    await tunnelsOf().close(tunnelId)
    expect(api.names).toEqual([])
  })

  test('leaves the tunnels and names of other nodes', async () => {
    const { tunnelId } = await tunnelsOf().open(otherId)
    const kept = await tunnelsOf().open(nodeId)
    await tunnelsOf().close(tunnelId)
    expectWhole(kept)
  })

  test('outlasts a connector that connects again twice', async () => {
    const { tunnelId } = await tunnelsOf().open(nodeId)
    for (const tunnel of api.live()) tunnel.reconnects = 2
    await tunnelsOf().close(tunnelId)
    expect(api.live()).toEqual([])
  })

  test('gives up on one that connects again and again, and says so', async () => {
    const { tunnelId } = await tunnelsOf().open(nodeId)
    for (const tunnel of api.live()) tunnel.reconnects = 99
    await expect(tunnelsOf().close(tunnelId)).rejects.toThrow(
      /did not delete the tunnel: status 400; 1022 /,
    )
  })

  test('touches no tunnel that is not of this stage', async () => {
    const { tunnelId } = await tunnelsOf({ stage: 'dev' }).open(nodeId)
    await expect(tunnelsOf().close(tunnelId)).rejects.toThrow(
      `${tunnelId} belongs to something else than this stage`,
    )
    expect(api.live()).toHaveLength(1)
    expect(api.names).toHaveLength(1)
  })
})

const openCalls = [
  'GET tunnels',
  'POST tunnels',
  'PUT tunnel/configurations',
  'GET names',
  'POST names',
  'GET tunnel/token',
]
const closeCalls = [
  'GET tunnel',
  'GET names',
  'DELETE name',
  'DELETE tunnel/connections',
  'DELETE tunnel',
]
const passing: Fault['kind'][] = ['reply lost', 'request lost', { status: 502 }]

describe('a call that fails once is made again', () => {
  test.each(openCalls.flatMap((call) => passing.map((kind) => [call, kind] as const)))(
    'while opening: %s, %j',
    async (call, kind) => {
      api.breaks(call, { kind })
      expectWhole(await tunnelsOf().open(nodeId))
    },
  )

  test.each(closeCalls.flatMap((call) => passing.map((kind) => [call, kind] as const)))(
    'while closing: %s, %j',
    async (call, kind) => {
      const { tunnelId } = await tunnelsOf().open(nodeId)
      api.breaks(call, { kind })
      await tunnelsOf().close(tunnelId)
      expect([api.live(), api.names]).toEqual([[], []])
    },
  )

  test('after the time that the API asks for', async () => {
    api.breaks('POST names', { kind: { status: 429, retryAfterSec: 3 } })
    expectWhole(await tunnelsOf().open(nodeId))
    expect(waits).toEqual([3_000])
  })

  test('and longer each time where it asks for none', async () => {
    api.breaks('POST names', { kind: { status: 503 }, times: 3 })
    expectWhole(await tunnelsOf().open(nodeId))
    expect(waits).toEqual([200, 400, 800])
  })
})

describe('whoever dies between two steps', () => {
  test.each(openCalls)('leaves what the next opening completes, at %s', async (call) => {
    api.breaks(call, { kind: 'reply lost', times: 4 })
    await expect(tunnelsOf().open(nodeId)).rejects.toThrow(/^Cloudflare did not .*, 4 times\.$/)
    expectWhole(await tunnelsOf().open(nodeId))
  })

  test.each(closeCalls)('leaves what the next closing completes, at %s', async (call) => {
    const { tunnelId } = await tunnelsOf().open(nodeId)
    api.breaks(call, { kind: 'reply lost', times: 4 })
    await expect(tunnelsOf().close(tunnelId)).rejects.toThrow(/^Cloudflare did not /)
    await tunnelsOf().close(tunnelId)
    expect([api.live(), api.names]).toEqual([[], []])
  })
})

describe('an error tells the step and the reason, and no secret', () => {
  test.each([
    ['POST tunnels', { status: 500 }, 'create the tunnel: it answered with status 500, 4 times'],
    [
      'GET tunnels',
      { status: 429, retryAfterSec: 300 },
      'list the tunnels: it answered with status 429 and asks to wait 300 s',
    ],
    [
      'GET tunnel/token',
      'not JSON',
      'tell the token of the tunnel: its answer with status 200 is none',
    ],
    [
      'PUT tunnel/configurations',
      { status: 404 },
      'configure the tunnel: its answer with status 404',
    ],
    ['POST names', 'endless', 'create the host name: no answer (Error), 4 times'],
  ] satisfies [string, Fault['kind'], string][])('%s %j', async (call, kind, why) => {
    api.breaks(call, { kind, times: 9 })
    const failure = await tunnelsOf()
      .open(nodeId)
      .catch((error: unknown) => error)
    expect(String(failure)).toContain(`Cloudflare did not ${why}`)
    expect(String(failure)).not.toContain(cloudflare.apiToken)
  })

  test('for a token that the API refuses, after one try', async () => {
    await expect(tunnelsOf({ apiToken: 'wrong' }).open(nodeId)).rejects.toThrow(
      'Cloudflare did not list the tunnels: status 403; 10000 Authentication error.',
    )
    expect(api.calls).toHaveLength(1)
  })
})
