/**
 * The Portkey gateway on our own Node, without its console and its log stream. It checks no key and books
 * nothing. Its HTTP server is pinned to the last version on which it can stream: on a newer one it fails every
 * stream with "immutable" (issue 1389 of Portkey-AI/gateway).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { freePort } from '../../test/support/embedded-dynamodb.ts'
import { startServer } from '../stage/start-server.ts'
import { type Peer, peerEnvironment } from './peer.ts'

const Package = z.object({ version: z.string() })

export function portkeyIn(folder: string): Peer {
  const modules = join(folder, 'node_modules')
  const versionOf = (name: string): string =>
    Package.parse(JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))).version
  const server = `@hono/node-server ${versionOf('@hono/node-server')}`
  return {
    told: `Portkey gateway ${versionOf('@portkey-ai/gateway')} with ${server} on Node ${process.versions.node}: NODE_ENV=production, --headless, the upstream named by headers; no keys, no limits, no billing`,
    start: async () => {
      const port = await freePort()
      const entry = join(modules, '@portkey-ai', 'gateway', 'build', 'start-server.js')
      const running = await startServer({
        command: process.execPath,
        args: [entry, '--headless', `--port=${port}`],
        env: { ...peerEnvironment, NODE_ENV: 'production' },
        port,
      })
      return {
        server: running,
        headersFor: ({ url }) => ({
          authorization: 'Bearer none',
          'x-portkey-provider': 'openai',
          'x-portkey-custom-host': `${url}/v1`,
        }),
        stop: running.stop,
      }
    },
  }
}
