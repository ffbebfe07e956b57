/** A host on a real port with a real node key that answers each dispatch as its script says. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import * as z from 'zod'
import { cancelPath, SignedCancel } from '../../src/protocol/cancel.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { routeProbePath } from '../../src/protocol/enrolment.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import { decodeTicket, type Ticket, ticketHeader } from '../../src/protocol/ticket.ts'
import { makeLatch, type Script, streams } from './host-answers.ts'

export type Dispatch = {
  readonly ticket: Ticket
  readonly path: string
  /** Empty where it is not JSON. */
  readonly body: Readonly<Record<string, unknown>>
  readonly bytes: Buffer
  readonly headers: IncomingMessage['headers']
  /** Resolves when the exchange is over: true where the host had said all it wanted to. */
  readonly ended: Promise<boolean>
}

export type ScriptedHost = Awaited<ReturnType<typeof startScriptedHost>>

/** Without scripts left it says `Hello world`. A dispatch without a ticket is a test's mistake. */
export async function startScriptedHost(...scripts: readonly Script[]) {
  const node = makeSigner(generatePrivateKey())
  const nodeId = nodeIdOf(node.publicKey)
  const waiting = [...scripts]
  const dispatches: Dispatch[] = []
  let usual: Script = streams(['Hello', ' world'])
  let probe: (query: URLSearchParams, response: ServerResponse) => void = (query, response) => {
    response.end(JSON.stringify(routeProof(query)))
  }
  let stopRunning: (() => boolean) | undefined
  let connections = 0
  let dispatched = makeLatch()

  /** The signed answer to a route probe, changed before or after it is signed. */
  function routeProof(query: URLSearchParams, statement: object = {}, reply: object = {}) {
    const signed = {
      nonce: query.get('nonce'),
      node_id: nodeId,
      route_epoch: 1,
      at_ms: Date.now(),
      ...statement,
    }
    return { ...signed, signature: node.sign('b3iq:route-probe:v1', signed), ...reply }
  }

  /** As the agent does: 200 where the dispatch runs and the script knows how to stop, else 404. */
  function answerCancel(body: Buffer, response: ServerResponse): void {
    const { cancel } = SignedCancel.parse(JSON.parse(body.toString('utf8')))
    const named = dispatches.find(({ ticket }) => ticket.ticket_id === cancel.ticket_id)
    const isStopped = named !== undefined && (stopRunning?.() ?? false)
    response.writeHead(isStopped ? 200 : 404).end(JSON.stringify({ ok: isStopped }))
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://host')
    if (url.pathname === routeProbePath) return probe(url.searchParams, response)
    if (url.pathname === cancelPath) return answerCancel(await buffer(request), response)
    const signed = decodeTicket(String(request.headers[ticketHeader] ?? ''))
    if (signed === undefined) return void response.writeHead(401).end()
    const bytes = await buffer(request)
    const ended = once(response, 'close').then(() => response.writableFinished)
    const { ticket } = signed
    const { headers } = request
    const isJson = headers['content-type']?.startsWith('application/json') ?? true
    const json: unknown = isJson ? JSON.parse(bytes.toString('utf8')) : {}
    const body = z.record(z.string(), z.unknown()).parse(json)
    const path = url.pathname
    dispatches.push({ ticket, path, body, bytes, headers, ended })
    dispatched.open()
    dispatched = makeLatch()
    await (waiting.shift() ?? usual)({
      ...{ ticket, path, body, bytes },
      ...{ node, nodeId, response },
    })
  }

  const server = createServer((request, response) => void answer(request, response))
  server.on('connection', () => {
    connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the host has no port')

  return {
    url: `http://127.0.0.1:${address.port}`,
    node,
    nodeId,
    publicKey: node.publicKey,
    dispatches,
    /** The last dispatch; throws where there was none. */
    lastDispatch: (): Dispatch => {
      const last = dispatches.at(-1)
      if (last === undefined) throw new Error('the host was never asked')
      return last
    },
    /** Resolves with the next dispatch that arrives. */
    nextDispatch: () => dispatched.opened,
    connections: () => connections,
    openConnections: () =>
      new Promise<number>((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    /** For the next dispatches, one each. */
    plays: (...next: readonly Script[]) => void waiting.push(...next),
    always: (script: Script) => {
      usual = script
    },
    /** What a signed cancel does; true where it ends the answer. */
    onCancel: (stop: () => boolean) => {
      stopRunning = stop
    },
    routeProof,
    onProbe: (reply: typeof probe) => {
      probe = reply
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
