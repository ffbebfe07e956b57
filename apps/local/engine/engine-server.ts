// Puts the engine's HTTP surface on a loopback port and takes it down again without cutting off
// replies that can still finish.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Engine } from './engine.ts'
import { type EngineAppOptions, makeEngineApp } from './engine-app.ts'

export type EngineServerOptions = Omit<EngineAppOptions, 'shutdown'> & {
  /** 0 picks a free one. */
  readonly port: number
}

export type EngineServer = {
  readonly port: number
  /** Refuses new requests, waits up to `drainMs` for running ones, then ends them. */
  close(drainMs: number): Promise<void>
}

const requestMsMax = 30_000
/** A reader that takes nothing for this long loses its slot. */
const silenceMsMax = 120_000
const connectionsMax = 1024
const sweepMs = 20
/** Left to replies that are broken off to say so. */
const breakOffMs = 1_000

const listen = (server: Server, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('There is no port.'))
      else resolve(address)
    })
  })

/** Rejects with the system's error when the port cannot be had. The engine stays the caller's. */
export const startEngineServer = async (
  engine: Engine,
  { port, ...options }: EngineServerOptions,
): Promise<EngineServer> => {
  const shutdown = new AbortController()
  const app = makeEngineApp(engine, { ...options, shutdown: shutdown.signal })
  const answer = getRequestListener(app.fetch)
  let replies = 0
  const server = createServer((request, response) => {
    replies += 1
    response.once('close', () => {
      replies -= 1
    })
    void answer(request, response)
  })
  server.requestTimeout = requestMsMax
  server.headersTimeout = requestMsMax
  server.timeout = silenceMsMax
  server.maxConnections = connectionsMax
  const address = await listen(server, port)

  const close = async (drainMs: number): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    // Clients keep connections open after a reply, or open them before they need one.
    const sweep = setInterval(() => {
      if (replies === 0) server.closeAllConnections()
    }, sweepMs)
    const cutOff = setTimeout(() => shutdown.abort(), drainMs)
    const force = setTimeout(() => server.closeAllConnections(), drainMs + breakOffMs)
    await closed
    clearInterval(sweep)
    clearTimeout(cutOff)
    clearTimeout(force)
  }

  return { port: address.port, close }
}
