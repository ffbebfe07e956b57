/**
 * Calls hosts over node:https with sockets kept alive. Follows no redirects, checks every resolved
 * address, and bounds each wait; loopback over plain http exists in stage `local` alone. Nothing of
 * a request is written before the connection behind it has passed every check.
 */
import { X509Certificate } from 'node:crypto'
import { lookup as systemLookup } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { type PeerCertificate, TLSSocket } from 'node:tls'
import type { Dialer, DialFailure, DialOrder, DialOutcome } from '../../dispatch/ports.ts'
import { isDialable, isLoopback, isPublicAddress } from '../../fleet/route-policy.ts'
import { certificateKeySha256, isSoundCertificateKey } from '../../protocol/certificate-key.ts'
import { ForbiddenAddressError, judgedLookup } from './judged-lookup.ts'

export type DialerOptions = {
  /** Only in stage `local`: routes to this machine, over plain http. */
  readonly allowsLoopback: boolean
  /** @default the system's resolver */
  readonly lookup?: LookupFunction
  /** Whether an address that a name resolved to may be dialled. @default public addresses alone */
  readonly mayDial?: (address: string) => boolean
}

const socketsMax = 256
const keepAliveMs = 60_000
/** A frozen function has had few streams to one host; more than these is a host that hangs up. */
const staleConnectionsMax = 4

export function makeDialer(options: DialerOptions): Dialer {
  const { lookup = systemLookup, mayDial = isPublicAddress } = options
  const keepAlive = { keepAlive: true, maxSockets: socketsMax, timeout: keepAliveMs }
  const agents = {
    plain: new http.Agent(keepAlive),
    trusted: new https.Agent(keepAlive),
    // Every connection shows its key: one that resumes a session need not.
    pinned: new https.Agent({ ...keepAlive, rejectUnauthorized: false, maxCachedSessions: 0 }),
  }
  const judged = judgedLookup(lookup, mayDial)

  async function dial(
    method: 'GET' | 'POST',
    order: Omit<DialOrder, 'body'>,
    body?: Buffer,
  ): Promise<DialOutcome> {
    const url = URL.parse(order.url)
    if (url === null || !isDialable(url, options)) return failed('route_not_allowed')
    const isHere = isLoopback(url, options)
    const isSecure = url.protocol === 'https:'
    const pin = order.certificateKeySha256
    if (!isSecure && pin !== undefined) return failed('certificate_key_mismatch')
    const requestOptions = {
      method,
      agent: isSecure ? agents[pin === undefined ? 'trusted' : 'pinned'] : agents.plain,
      headers: { ...order.headers, ...(body ? { 'content-length': body.byteLength } : {}) },
      ...(isHere ? {} : { lookup: judged }),
    }
    const send = isSecure ? https.request : http.request
    const flaw = (socket: Socket): DialFailure | undefined => {
      if (!isHere && !mayDial(socket.remoteAddress ?? '')) return 'route_not_allowed'
      if (pin !== undefined && !holdsKey(socket, pin)) return 'certificate_key_mismatch'
      return undefined
    }
    // Each stale connection leaves the pool, and one that is new is never stale.
    for (let found = 0; found < staleConnectionsMax; found += 1) {
      const outcome = await answer(
        (onResponse) => send(url, requestOptions, onResponse),
        flaw,
        order,
        body,
      )
      if (outcome.kind !== 'stale') return outcome
    }
    return failed('connection_failed')
  }

  return {
    post: ({ body, ...order }) => dial('POST', order, body),
    get: (order) => dial('GET', order),
  }
}

/**
 * The other side had ended a connection that we kept, and we could not see it: nobody tells a function that
 * is frozen. A host that heard the request all the same takes its ticket only once.
 */
type Stale = { readonly kind: 'stale' }

const failed = (reason: DialFailure): DialOutcome => ({ kind: 'failed', reason })

/** The handshake has proven possession of this key, whoever signed the certificate around it. */
function holdsKey(socket: Socket, pin: string): boolean {
  if (!(socket instanceof TLSSocket)) return false
  // Its sibling getPeerX509Certificate answers once per connection, and connections serve again.
  const certificate: PeerCertificate | null = socket.getPeerCertificate()
  if (!certificate?.raw) return false
  try {
    const { publicKey } = new X509Certificate(certificate.raw)
    return certificateKeySha256(publicKey) === pin && isSoundCertificateKey(publicKey)
  } catch {
    // A certificate that cannot be read holds no key that we know.
    return false
  }
}

function answer(
  send: (onResponse: (response: http.IncomingMessage) => void) => http.ClientRequest,
  flaw: (socket: Socket) => DialFailure | undefined,
  order: Omit<DialOrder, 'body'>,
  body: Buffer | undefined,
): Promise<DialOutcome | Stale> {
  return new Promise((resolve) => {
    let gaveUp: DialFailure | undefined
    // A stale connection tells at once. A host that hangs up later has kept us waiting, and has failed.
    let mayBeStale = true
    const onAbort = () => request.destroy()
    const finish = (outcome: DialOutcome | Stale) => {
      clearTimeout(connectTimer)
      clearTimeout(headersTimer)
      clearTimeout(staleTimer)
      if (outcome.kind !== 'answered') order.signal.removeEventListener('abort', onAbort)
      resolve(outcome)
    }
    const giveUp = (reason: DialFailure) => {
      gaveUp = reason
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
    const connectTimer = setTimeout(() => giveUp('connect_timeout'), order.connectTimeoutMs)
    const headersTimer = setTimeout(() => giveUp('headers_timeout'), order.headersTimeoutMs)
    const staleTimer = setTimeout(() => {
      mayBeStale = false
    }, order.connectTimeoutMs)
    request.on('socket', (socket) => {
      // A look-up that failed at once has ended it already; its error is on the way.
      if (socket.destroyed) return
      // The request is sent from here and not before: a connection may yet be found unfit.
      const connected = () => {
        clearTimeout(connectTimer)
        const reason = flaw(socket)
        if (reason === undefined) request.end(body)
        else giveUp(reason)
      }
      if (!socket.connecting) connected()
      else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected)
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isOurs = gaveUp !== undefined || order.signal.aborted
      const isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE'
      if (!isOurs && isReset && mayBeStale && request.reusedSocket) return finish({ kind: 'stale' })
      const aborted = order.signal.aborted ? 'aborted' : undefined
      const forbidden = error instanceof ForbiddenAddressError ? 'route_not_allowed' : undefined
      finish({ kind: 'failed', reason: gaveUp ?? aborted ?? forbidden ?? 'connection_failed' })
    })
    if (order.signal.aborted) request.destroy()
    else order.signal.addEventListener('abort', onAbort, { once: true })
  })
}

function singleHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ])
  return Object.fromEntries(entries)
}
