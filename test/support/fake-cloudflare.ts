/**
 * Tunnels and DNS of the Cloudflare API on a real port, with state: authorised calls alone, names
 * that are unique among what lives, tunnels that cannot go while somebody is connected, pages. A
 * test may break any call, before or after its effect.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import * as z from 'zod'

export const cloudflare = {
  accountId: 'a'.repeat(32),
  zoneId: 'b'.repeat(32),
  zoneName: 'hosts.example',
  apiToken: 'api-token-of-the-stage',
} as const

export type Fault = {
  readonly kind:
    | { readonly status: number; readonly retryAfterSec?: number }
    /** The effect takes place and the connection is closed. */
    | 'reply lost'
    /** The connection is closed before anything happens. */
    | 'request lost'
    | 'not JSON'
    | 'endless'
    /** A redirect. */
    | 'elsewhere'
    /** No answer at all. */
    | 'silent'
  readonly times?: number
}

export type TunnelState = {
  readonly id: string
  readonly name: string
  deletedAt: string | null
  config: unknown
  connections: number
  /** What a connector that still runs does to every try to be rid of it. */
  reconnects: number
}
export type NameState = {
  readonly id: string
  readonly type: string
  readonly name: string
  content: string
  proxied: boolean
}

type Reply = { readonly status: number; readonly body: object }

const NewTunnel = z.object({ name: z.string(), config_src: z.literal('cloudflare') })
const NewName = z.object({
  type: z.string(),
  name: z.string(),
  content: z.string(),
  proxied: z.boolean(),
  ttl: z.int(),
})
const Configuration = z.object({
  config: z.object({ ingress: z.array(z.looseObject({ service: z.string() })) }),
})

const ok = (result: unknown, info: object = {}): Reply => ({
  status: 200,
  body: { success: true, errors: [], messages: [], result, ...info },
})
const refusal = (status: number, code: number, message: string): Reply => ({
  status,
  body: { success: false, errors: [{ code, message }], messages: [], result: null },
})

export async function startFakeCloudflare() {
  const tunnels: TunnelState[] = []
  const names: NameState[] = []
  const calls: string[] = []
  const faults: { readonly on: string; readonly fault: Fault; left: number }[] = []
  const base = `/client/v4/accounts/${cloudflare.accountId}/cfd_tunnel`
  const dns = `/client/v4/zones/${cloudflare.zoneId}/dns_records`

  const tunnelView = ({ id, name, deletedAt }: TunnelState) => ({
    id,
    name,
    deleted_at: deletedAt,
    status: 'inactive',
    config_src: 'cloudflare',
  })

  function page(all: readonly object[], query: URLSearchParams): Reply {
    const perPage = Number(query.get('per_page') ?? 20)
    const number = Number(query.get('page') ?? 1)
    const some = all.slice((number - 1) * perPage, number * perPage)
    const info = { page: number, per_page: perPage, count: some.length, total_count: all.length }
    return ok(some, { result_info: info })
  }

  function onTunnels(
    method: string,
    rest: readonly string[],
    query: URLSearchParams,
    body: unknown,
  ) {
    const [id, part] = rest
    if (id === undefined && method === 'GET') {
      // By the beginning of a name, as a filter might be that matches more than was asked for.
      const found = tunnels.filter(
        ({ name, deletedAt }) => name.startsWith(query.get('name') ?? '') && deletedAt === null,
      )
      return page(found.map(tunnelView), query)
    }
    if (id === undefined && method === 'POST') {
      const { name } = NewTunnel.parse(body)
      if (tunnels.some((one) => one.name === name && one.deletedAt === null)) {
        return refusal(409, 1013, 'You already have a tunnel with this name.')
      }
      const made = {
        id: randomUUID(),
        name,
        deletedAt: null,
        config: null,
        connections: 0,
        reconnects: 0,
      }
      tunnels.push(made)
      return ok(tunnelView(made))
    }
    const tunnel = tunnels.find((one) => one.id === id)
    if (!tunnel) return refusal(404, 1003, 'Tunnel not found.')
    if (method === 'GET' && part === undefined) return ok(tunnelView(tunnel))
    if (tunnel.deletedAt !== null) return refusal(404, 1003, 'Tunnel not found.')
    if (method === 'PUT' && part === 'configurations') {
      tunnel.config = Configuration.parse(body)
      return ok({ tunnel_id: id })
    }
    if (method === 'GET' && part === 'token') return ok(`token-of-${id}`)
    if (method === 'DELETE' && part === 'connections') {
      tunnel.connections = 0
      return ok(null)
    }
    if (method === 'DELETE' && part === undefined) {
      if (tunnel.reconnects > 0) {
        tunnel.reconnects -= 1
        tunnel.connections = 4
      }
      if (tunnel.connections > 0) return refusal(400, 1022, 'The tunnel has active connections.')
      tunnel.deletedAt = new Date(0).toISOString()
      return ok(tunnelView(tunnel))
    }
    return refusal(405, 10405, 'Method not allowed.')
  }

  function onNames(method: string, rest: readonly string[], query: URLSearchParams, body: unknown) {
    const [id] = rest
    if (id === undefined && method === 'GET') {
      const fits = (record: NameState) =>
        (['type', 'name', 'content'] as const).every((field) => {
          const asked = query.get(field) ?? query.get(`${field}.exact`)
          return asked === null || asked === record[field]
        })
      return page(names.filter(fits), query)
    }
    if (id === undefined && method === 'POST') {
      const { ttl: _, ...record } = NewName.parse(body)
      if (names.some(({ name }) => name === record.name)) {
        return refusal(400, 81053, 'An A, AAAA, or CNAME record with that host already exists.')
      }
      names.push({ id: randomUUID().replaceAll('-', ''), ...record })
      return ok(names.at(-1))
    }
    const at = names.findIndex((record) => record.id === id)
    const record = names[at]
    if (!record) return refusal(404, 81044, 'Record does not exist.')
    if (method === 'PATCH') {
      const { content, proxied } = NewName.parse(body)
      Object.assign(record, { content, proxied })
      return ok(record)
    }
    if (method === 'DELETE') {
      names.splice(at, 1)
      return { status: 200, body: { success: true, errors: [], result: { id } } }
    }
    return refusal(405, 10405, 'Method not allowed.')
  }

  function handle(method: string, url: URL, body: unknown, authorization: string): Reply {
    if (authorization !== `Bearer ${cloudflare.apiToken}`) {
      return refusal(403, 10000, 'Authentication error')
    }
    const under = (prefix: string) => url.pathname.slice(prefix.length).split('/').filter(Boolean)
    if (url.pathname.startsWith(base)) {
      return onTunnels(method, under(base), url.searchParams, body)
    }
    if (url.pathname.startsWith(dns)) return onNames(method, under(dns), url.searchParams, body)
    return refusal(404, 7003, 'Could not route to this path.')
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://cloudflare')
    const sent = await text(request)
    const call = `${request.method} ${shapeOf(url.pathname)}`
    calls.push(call)
    const due = faults.find(({ on, left }) => left > 0 && (on === call || on === '*'))
    if (due) due.left -= 1
    const kind = due?.fault.kind
    if (kind === 'request lost') return void response.destroy()
    if (kind === 'silent') return
    if (typeof kind === 'object') {
      const wait =
        kind.retryAfterSec === undefined ? {} : { 'retry-after': `${kind.retryAfterSec}` }
      return void response.writeHead(kind.status, wait).end('<html>')
    }
    if (kind === 'elsewhere') return void response.writeHead(302, { location: '/' }).end()
    if (kind === 'not JSON') return void response.end('<html>')
    if (kind === 'endless') {
      response.write(' '.repeat(2 * 1024 * 1024))
      return
    }
    const body = sent === '' ? undefined : JSON.parse(sent)
    const reply = handle(request.method ?? '', url, body, request.headers.authorization ?? '')
    if (kind === 'reply lost') return void response.destroy()
    response.writeHead(reply.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(reply.body))
  }

  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    baseUrl: `http://127.0.0.1:${address.port}/client/v4`,
    tunnels,
    names,
    /** What was asked for, such as `DELETE tunnel/connections`. */
    calls,
    live: () => tunnels.filter(({ deletedAt }) => deletedAt === null),
    breaks: (on: string, fault: Fault) => void faults.push({ on, fault, left: fault.times ?? 1 }),
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function shapeOf(path: string): string {
  const [, rest = ''] = path.split(/\/(?=cfd_tunnel|dns_records)/)
  const [kind, id, part] = rest.split('/')
  const noun = kind === 'cfd_tunnel' ? 'tunnel' : 'name'
  return id === undefined ? `${noun}s` : [noun, part].filter(Boolean).join('/')
}
