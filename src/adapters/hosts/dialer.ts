/**
 * Calls hosts over node:https with sockets kept alive. Follows no redirects, checks every resolved
 * address, and bounds each wait; loopback over plain http exists in stage `local` alone.
 */
import { type LookupAddress, lookup as lookupAll } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Dialer, DialFailure, DialOrder, DialOutcome } from '../../dispatch/ports.ts'
import { isPublicAddress } from '../../fleet/route-policy.ts'

export type DialerOptions = {
  /** Only in stage `local`: routes to this machine, over plain http. */
  readonly allowsLoopback: boolean
}

const socketsMax = 256
const keepAliveMs = 60_000

export function makeDialer({ allowsLoopback }: DialerOptions): Dialer {
  const agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: socketsMax, timeout: keepAliveMs }),
    'https:': new https.Agent({ keepAlive: true, maxSockets: socketsMax, timeout: keepAliveMs }),
  }
  const dial = (method: 'GET' | 'POST', order: Omit<DialOrder, 'body'>, body?: Buffer) => {
    const url = new URL(order.url)
    const isLoopback = allowsLoopback && loopbackHosts.has(url.hostname)
    const protocol = url.protocol
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback)) return notAllowed
    if (!isLoopback && isForbiddenLiteral(url.hostname)) return notAllowed
    const options = {
      method,
      agent: agents[protocol],
      headers: { ...order.headers, ...(body ? { 'content-length': body.byteLength } : {}) },
      ...(isLoopback ? {} : { lookup: publicLookup }),
    }
    const send = protocol === 'https:' ? https.request : http.request
    return answer((onResponse) => send(url, options, onResponse), order, body)
  }
  return {
    post: ({ body, ...order }) => dial('POST', order, body),
    get: (order) => dial('GET', order),
  }
}

const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]'])
const notAllowed: Promise<DialOutcome> = Promise.resolve({
  kind: 'failed',
  reason: 'route_not_allowed',
})

function answer(
  send: (onResponse: (response: http.IncomingMessage) => void) => http.ClientRequest,
  order: Omit<DialOrder, 'body'>,
  body: Buffer | undefined,
): Promise<DialOutcome> {
  return new Promise((resolve) => {
    let timedOut: DialFailure | undefined
    const onAbort = () => request.destroy()
    const finish = (outcome: DialOutcome) => {
      clearTimeout(connectTimer)
      clearTimeout(headersTimer)
      if (outcome.kind === 'failed') order.signal.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    const giveUp = (reason: DialFailure) => () => {
      timedOut = reason
      request.destroy()
    }
    const request = send((response) => {
      // The abort must reach a body that is still being read, and only until it ends.
      response.once('close', () => order.signal.removeEventListener('abort', onAbort))
      finish({
        kind: 'answered',
        status: response.statusCode ?? 0,
        headers: singleHeaders(response.headers),
        body: response,
      })
    })
    const connectTimer = setTimeout(giveUp('connect_timeout'), order.connectTimeoutMs)
    const headersTimer = setTimeout(giveUp('headers_timeout'), order.headersTimeoutMs)
    request.on('socket', (socket) => {
      const connected = () => clearTimeout(connectTimer)
      if (!socket.connecting) connected()
      else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected)
    })
    request.on('error', (error) => {
      const aborted = order.signal.aborted ? 'aborted' : undefined
      const forbidden = error instanceof ForbiddenAddressError ? 'route_not_allowed' : undefined
      finish({ kind: 'failed', reason: timedOut ?? aborted ?? forbidden ?? 'connection_failed' })
    })
    if (order.signal.aborted) request.destroy()
    else order.signal.addEventListener('abort', onAbort, { once: true })
    request.end(body)
  })
}

class ForbiddenAddressError extends Error {}

/** Resolves a name and refuses it if any of its addresses is not public. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookupAll(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, '')
    const [first] = addresses
    if (!first || !addresses.every(({ address }) => isPublicAddress(address))) {
      return callback(
        new ForbiddenAddressError('the name resolves to an address we never dial'),
        '',
      )
    }
    if (options.all) callback(null, addresses)
    else callback(null, first.address, first.family)
  })
}

/** Node dials an address literal without a look-up, so it is judged here. */
function isForbiddenLiteral(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '')
  const isLiteral = /^[\d.]+$/.test(bare) || bare.includes(':')
  return isLiteral && !isPublicAddress(bare)
}

function singleHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ])
  return Object.fromEntries(entries)
}
