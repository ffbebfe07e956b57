/**
 * Named Cloudflare tunnels for nodes: the tunnel, its ingress to the agent's port, and the proxied
 * name that leads into it. Nothing is kept here: whatever an earlier call left, whole or half, is
 * found by the node's name and completed, so each step may be repeated after any loss.
 */
import * as z from 'zod'
import type { Tunnel, TunnelProvider } from '../../fleet/tunnel-provider.ts'
import type { Sleep } from '../../protocol/clock.ts'
import { tunnelPort } from '../../protocol/enrolment.ts'
import { type ApiCall, type ApiReply, makeCloudflareApi, stepFailed } from './cloudflare-api.ts'

export type CloudflareTunnelsOptions = {
  readonly stage: string
  readonly accountId: string
  readonly zoneId: string
  /** Tunnels are named one level below: the zone's own certificate covers no more. */
  readonly zoneName: string
  /** Needs `Cloudflare Tunnel: Edit` on the account and `DNS: Edit` on the zone. */
  readonly apiToken: string
  readonly sleep: Sleep
  /** @default Cloudflare's */
  readonly baseUrl?: string
}

const TunnelResult = z.object({
  id: z.uuid(),
  name: z.string(),
  deleted_at: z.string().nullish(),
})
const NameResult = z.object({
  id: z.string().min(1),
  type: z.string(),
  name: z.string(),
  content: z.string(),
  proxied: z.boolean().nullish(),
})
type NameResult = z.infer<typeof NameResult>
const Ignored = z.unknown()

/** Leaves time to answer within the 30 s that a function has. */
const operationMs = 20_000
const pageSize = 50
const pagesMax = 20
const targetSuffix = '.cfargotunnel.com'
const closeTries = 3
const reconnectMs = 500

const tunnelNameTaken = 1013
const hasConnections = 1022
const recordExists = new Set([81053, 81057, 81058])

export function makeCloudflareTunnels(options: CloudflareTunnelsOptions): TunnelProvider {
  const { stage, accountId, zoneId, zoneName, apiToken: token, sleep } = options
  const { baseUrl = 'https://api.cloudflare.com/client/v4' } = options
  const call = makeCloudflareApi({ baseUrl, token, sleep })
  const tunnels = `/accounts/${accountId}/cfd_tunnel`
  const names = `/zones/${zoneId}/dns_records`
  const namePrefix = `b3iq-${stage}-`
  const targetOf = (tunnelId: string) => `${tunnelId}${targetSuffix}`
  // Two stages may share a zone and one key may be enrolled in both. No underscore in a host name.
  const hostNameOf = (nodeId: string) => `${nodeId.replace('_', '-')}-${stage}.${zoneName}`

  async function must<T>(order: ApiCall<T>): Promise<T> {
    const reply = await call(order)
    if (!reply.ok) throw stepFailed(order.step, reply.why)
    return reply.result
  }

  async function open(nodeId: string): Promise<Tunnel> {
    const signal = AbortSignal.timeout(operationMs)
    const hostName = hostNameOf(nodeId)
    const tunnelId = await ensureTunnel(`${namePrefix}${nodeId}`, signal)
    await must({
      step: 'configure the tunnel',
      method: 'PUT',
      path: `${tunnels}/${tunnelId}/configurations`,
      body: {
        config: {
          ingress: [
            { hostname: hostName, service: `http://127.0.0.1:${tunnelPort}` },
            { service: 'http_status:404' },
          ],
        },
      },
      result: Ignored,
      signal,
    })
    await ensureName(hostName, targetOf(tunnelId), signal)
    const path = `${tunnels}/${tunnelId}/token`
    const result = z.string().min(1)
    const step = 'tell the token of the tunnel'
    return { tunnelId, hostName, token: await must({ step, method: 'GET', path, result, signal }) }
  }

  async function ensureTunnel(name: string, signal: AbortSignal): Promise<string> {
    const known = await findTunnel(name, signal)
    if (known !== undefined) return known
    const step = 'create the tunnel'
    const body = { name, config_src: 'cloudflare' }
    const made = await call({
      step,
      method: 'POST',
      path: tunnels,
      body,
      result: TunnelResult,
      signal,
    })
    if (made.ok) return made.result.id
    // Made by another call, or by a try of this one whose reply was lost.
    const found = isRefusedFor(made, tunnelNameTaken) ? await findTunnel(name, signal) : undefined
    if (found === undefined) throw stepFailed(step, made.why)
    return found
  }

  async function findTunnel(name: string, signal: AbortSignal): Promise<string | undefined> {
    const query = { name, is_deleted: 'false' }
    const step = 'list the tunnels'
    const found = await list({ step, path: tunnels, query, result: TunnelResult, signal })
    return found.find((tunnel) => tunnel.name === name && !tunnel.deleted_at)?.id
  }

  async function ensureName(name: string, target: string, signal: AbortSignal): Promise<void> {
    const step = 'create the host name'
    const body = { type: 'CNAME', name, content: target, proxied: true, ttl: 1 }
    const known = await findName(name, signal)
    if (known !== undefined) return pointTo(known, target, signal)
    const made = await call({ step, method: 'POST', path: names, body, result: Ignored, signal })
    if (made.ok) return
    const exists = made.codes.some((code) => recordExists.has(code))
    const found = exists ? await findName(name, signal) : undefined
    if (found === undefined) throw stepFailed(step, made.why)
    await pointTo(found, target, signal)
  }

  async function findName(name: string, signal: AbortSignal): Promise<NameResult | undefined> {
    const query = { 'name.exact': name }
    const step = 'list the host names'
    const found = await list({ step, path: names, query, result: NameResult, signal })
    return found.find((record) => record.name === name)
  }

  /** The name is ours alone, so an older tunnel that it leads to is replaced; nothing else is. */
  async function pointTo(record: NameResult, target: string, signal: AbortSignal): Promise<void> {
    if (record.type !== 'CNAME' || !record.content.endsWith(targetSuffix)) {
      const why = `${record.name} has a ${record.type} record that is none of ours: remove it`
      throw stepFailed('create the host name', why)
    }
    if (record.content === target && record.proxied === true) return
    await must({
      step: 'change the host name',
      method: 'PATCH',
      path: `${names}/${encodeURIComponent(record.id)}`,
      body: { type: 'CNAME', name: record.name, content: target, proxied: true, ttl: 1 },
      result: Ignored,
      signal,
    })
  }

  /** The names first, so that none leads to a tunnel that is gone; then the tunnel. */
  async function close(tunnelId: string): Promise<void> {
    const signal = AbortSignal.timeout(operationMs)
    const path = `${tunnels}/${encodeURIComponent(tunnelId)}`
    const step = 'find the tunnel'
    const found = await call({ step, method: 'GET', path, result: TunnelResult, signal })
    if (!found.ok && found.status !== 404) throw stepFailed(step, found.why)
    if (found.ok && !found.result.name.startsWith(namePrefix)) {
      throw stepFailed('delete the tunnel', `${tunnelId} belongs to something else than this stage`)
    }
    const query = { type: 'CNAME', 'content.exact': targetOf(tunnelId) }
    const listNames = {
      step: 'list the host names',
      path: names,
      query,
      result: NameResult,
      signal,
    }
    for (const record of await list(listNames)) {
      if (record.content !== targetOf(tunnelId)) continue
      const namePath = `${names}/${encodeURIComponent(record.id)}`
      await remove({ step: 'delete the host name', path: namePath, signal })
    }
    if (found.ok && !found.result.deleted_at) await removeTunnel(path, signal)
  }

  /** A connector that still runs connects again by itself; until the tunnel is gone it races us. */
  async function removeTunnel(path: string, signal: AbortSignal): Promise<void> {
    const step = 'delete the tunnel'
    for (let tried = 1; ; tried += 1) {
      await remove({ step: 'drop the connections', path: `${path}/connections`, signal })
      const gone = await call({ step, method: 'DELETE', path, result: Ignored, signal })
      if (gone.ok || gone.status === 404) return
      if (!isRefusedFor(gone, hasConnections) || tried === closeTries) {
        throw stepFailed(step, gone.why)
      }
      await sleep(reconnectMs, signal)
    }
  }

  /** What is not there any more was removed before. */
  async function remove(order: Pick<ApiCall<unknown>, 'step' | 'path' | 'signal'>): Promise<void> {
    const reply = await call({ ...order, method: 'DELETE', result: Ignored })
    if (!reply.ok && reply.status !== 404) throw stepFailed(order.step, reply.why)
  }

  async function list<T>(order: Omit<ApiCall<T>, 'method' | 'body'>): Promise<T[]> {
    const all: T[] = []
    for (let page = 1; page <= pagesMax; page += 1) {
      const query = { ...order.query, page: String(page), per_page: String(pageSize) }
      const result = z.array(order.result)
      const found = await must({ ...order, method: 'GET', query, result })
      all.push(...found)
      if (found.length < pageSize) return all
    }
    throw stepFailed(order.step, `there are more than ${pageSize * pagesMax}`)
  }

  return { open, close }
}

const isRefusedFor = (reply: ApiReply<unknown>, code: number): boolean =>
  !reply.ok && reply.codes.includes(code)
