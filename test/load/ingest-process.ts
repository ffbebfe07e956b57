/** Ingest as it is deployed, with its own rights and secrets, behind a plain HTTP server. */
import { serve } from '@hono/node-server'
import { composeIngest } from '../../functions/compose/ingest.ts'
import { makeIngestApp } from '../../src/ingest/app.ts'

const app = makeIngestApp(await composeIngest(process.env))
const server = serve(
  { fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT) },
  () => console.log('{"ready":true}'),
)

process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  // Connections that hosts keep open would hold it up.
  setTimeout(() => process.exit(0), 500).unref()
})
