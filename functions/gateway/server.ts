/**
 * The gateway's HTTP server. The Lambda Web Adapter, a Lambda Web Function, a laptop and the tests all
 * start this same file.
 */
import { type ServerType, serve } from '@hono/node-server'
import { makeGatewayApp } from '../../src/gateway/app.ts'
import { composeGateway } from '../compose/gateway.ts'
import { log } from '../compose/parts.ts'
import { listeningAddress } from './listening-address.ts'

/** A Web Function's environment has one second. What is still open then is ended by the sweep of its hold. */
const drainMs = 10_000
const idleCheckMs = 50

// Nothing waits at the top level: what is loaded later is loaded once this file has run to its end.
start().catch(failed)

async function start(): Promise<void> {
  const { hostname, port } = listeningAddress(process.env)
  const { fetch } = makeGatewayApp(await composeGateway(process.env))
  const server = serve(
    {
      fetch,
      hostname,
      port,
      // Across a freeze the adapter's pool may reuse a connection after minutes.
      serverOptions: { keepAliveTimeout: 900_000, headersTimeout: 0, requestTimeout: 0 },
    },
    (info) => log('gateway_ready', { port: info.port }),
  )
  server.on('error', (error: NodeJS.ErrnoException) => {
    log('gateway_failed', { code: error.code, port })
    process.exit(1)
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => drain(server))
}

function drain(server: ServerType): void {
  server.close(() => process.exit(0))
  // A connection that was busy at that moment is kept alive after its answer, and nobody else ends it.
  if ('closeIdleConnections' in server) {
    setInterval(() => server.closeIdleConnections(), idleCheckMs)
  }
  setTimeout(() => process.exit(0), drainMs).unref()
}

/** Node itself would print the line around the error first, which in a bundle has more than 100 kB. */
function failed(error: unknown): never {
  log('gateway_failed', { message: error instanceof Error ? error.message : 'fault' })
  process.exit(1)
}
