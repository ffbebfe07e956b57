/**
 * The gateway's HTTP server. The Lambda Web Adapter, a Lambda Web Function, a laptop and the tests all
 * start this same file.
 */
import { serve } from '@hono/node-server'
import { makeGatewayApp } from '../../src/gateway/app.ts'
import { composeGateway } from '../compose/gateway.ts'
import { log } from '../compose/parts.ts'

const drainMs = 10_000

const app = makeGatewayApp(await composeGateway(process.env))
const endpoint = process.env.AWS_LAMBDA_HTTP_ENDPOINT
const port = endpoint ? new URL(endpoint).port : (process.env.AWS_LWA_PORT ?? process.env.PORT)

const server = serve(
  {
    fetch: app.fetch,
    hostname: process.env.HOST ?? '127.0.0.1',
    port: Number(port ?? 8080),
    // Across a freeze the adapter's pool may reuse a connection after minutes.
    serverOptions: { keepAliveTimeout: 900_000, headersTimeout: 0, requestTimeout: 0 },
  },
  (info) => log('gateway_ready', { port: info.port }),
)

server.on('error', (error: NodeJS.ErrnoException) => {
  log('gateway_failed', { code: error.code, port })
  process.exit(1)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close(() => process.exit(0))
    setTimeout(() => process.exit(0), drainMs).unref()
  })
}
