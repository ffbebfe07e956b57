/**
 * The only thing that the public route may point at: an allowlist of paths in front of runtimes
 * that expose far more than that. Everything else is 404.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { cancelPath } from '../../../src/protocol/cancel.ts'
import { routeProbePath } from '../../../src/protocol/enrolment.ts'
import { HostPath } from '../../../src/protocol/host-path.ts'
import type { Log } from '../log.ts'
import type { RouteTls } from '../route-tls.ts'
import { errorCode, messageOf, StatedError } from '../stated-error.ts'
import type { CancelEndpoint } from './cancel.ts'
import type { Dispatch } from './dispatch.ts'
import { notFound, sendRefusal } from './replies.ts'
import type { RouteProbe } from './route-probe.ts'

const modelsPath = '/v1/models'
const connectionsMax = 1024
const headersTimeoutMs = 10_000
/** For the whole request with its body. */
const requestTimeoutMs = 60_000
/** Longer than gateways keep idle connections, so that it is they who close them. */
const keepAliveTimeoutMs = 75_000

export type ProxyServer = {
  readonly port: number
  /** Takes no new connections; those that are open go on. */
  readonly stopListening: () => void
  readonly closeConnections: () => void
}

/** Throws a StatedError where the address cannot be listened on. */
export async function startProxyServer(deps: {
  readonly listen: { readonly host: string; readonly port: number }
  /** Plain HTTP where left out. */
  readonly tls?: RouteTls
  readonly dispatch: Dispatch
  /** What else is answered; the rest is 404. */
  readonly routeProbe?: RouteProbe
  readonly cancel?: CancelEndpoint
  readonly models?: (request: IncomingMessage, response: ServerResponse) => void
  readonly log: Log
}): Promise<ProxyServer> {
  const timeouts = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
  }
  const server = deps.tls
    ? createTlsServer({ ...timeouts, ...deps.tls, minVersion: 'TLSv1.2' }, onRequest)
    : createServer(timeouts, onRequest)
  server.maxConnections = connectionsMax

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    void answer(request, response)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A connection that breaks is seen where it matters; unhandled it would end the process.
    response.on('error', () => undefined)
    try {
      await route(request, response)
    } catch (error) {
      deps.log('proxy_bug', { message: messageOf(error) })
      if (response.headersSent) response.destroy()
      else sendRefusal(response, internalError)
    }
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2)
    const { cancel, models, routeProbe } = deps
    if (routeProbe && request.method === 'GET' && path === routeProbePath) {
      return routeProbe(new URLSearchParams(query), response)
    }
    if (models && request.method === 'GET' && path === modelsPath) return models(request, response)
    if (cancel && request.method === 'POST' && path === cancelPath) return cancel(request, response)
    const dispatchPath = HostPath.safeParse(path).data
    if (request.method === 'POST' && dispatchPath !== undefined) {
      await deps.dispatch(dispatchPath, request, response)
      return
    }
    sendRefusal(response, notFound)
  }

  await listenOn(server, deps.listen)
  // Such as no file descriptors for one more connection: those that are open go on.
  server.on('error', (error) => deps.log('listen_failed', { code: errorCode(error) ?? 'unknown' }))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : deps.listen.port,
    stopListening: () => server.close(),
    closeConnections: () => server.closeAllConnections(),
  }
}

const internalError = { status: 500, code: 'internal_error', message: 'The agent failed.' }

function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      const reason =
        errorCode(error) === 'EADDRINUSE'
          ? 'it is in use: stop what listens there or change listen.port'
          : `${errorCode(error)}: change listen in the config`
      reject(new StatedError(`Cannot listen on ${host}:${port}, ${reason}.`))
    }
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}
