/** A runtime on a real port that answers as its script says, byte for byte. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

export type Reply = {
  readonly status?: number
  readonly type?: string
  /** Each piece is one write, so that a test decides where a character or event is cut. */
  readonly pieces: readonly (string | Buffer)[]
  /** Takes the request and never answers. */
  readonly silent?: boolean
  /** `break` drops the connection after the last piece, `hang` leaves it open. */
  readonly end?: 'clean' | 'break' | 'hang'
}

export type FakeRuntime = {
  readonly url: string
  /** What was asked of the inference endpoints, oldest first. */
  readonly asked: { readonly path: string; readonly body: Record<string, unknown> }[]
  /** The forms among them, in the order in which they came. */
  readonly forms: readonly FormData[]
  /** Bytes of replies so far; the runtime writes no faster than it is read. */
  readonly written: () => number
  /** Resolves when a client drops the connection of a running reply. */
  readonly dropped: Promise<void>
  readonly close: () => Promise<void>
}

export const sse = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
export const done = 'data: [DONE]\n\n'

export const content = (text: string, extra: object = {}): string =>
  sse({ id: 'c', choices: [{ index: 0, delta: { content: text }, finish_reason: null }], ...extra })

export const stop = sse({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })

export const usage = (prompt: number, completion: number): object => ({
  usage: { prompt_tokens: prompt, completion_tokens: completion },
})

/** What a well-behaved runtime streams: two pieces of text, a reason, usage, the end mark. */
export const plainStream: Reply = {
  pieces: [content('Hel'), content('lo'), stop, sse({ choices: [], ...usage(7, 2) }), done],
}

/**
 * `surface` maps paths of GET to a JSON value, a text, or a status with nothing; `*` answers for all
 * others. It is looked up anew each time, so a test may change it meanwhile.
 */
export async function startFakeRuntime(options: {
  readonly reply?: Reply
  readonly surface?: Readonly<Record<string, unknown>>
}): Promise<FakeRuntime> {
  const asked: FakeRuntime['asked'] = []
  const forms: FormData[] = []
  let written = 0
  const { promise: dropped, resolve: drop } = Promise.withResolvers<void>()

  async function note(path: string, request: IncomingMessage): Promise<void> {
    const type = request.headers['content-type'] ?? ''
    if (!type.startsWith('multipart/')) {
      return void asked.push({ path, body: JSON.parse(await textOf(request)) })
    }
    asked.push({ path, body: {} })
    const body = new Uint8Array(await buffer(request))
    forms.push(await new Response(body, { headers: { 'content-type': type } }).formData())
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    if (request.method === 'GET')
      return show(options.surface?.[path] ?? options.surface?.['*'], response)
    await note(path, request)
    response.once('close', () => {
      if (!response.writableFinished) drop()
    })
    if (options.reply?.silent) return
    const { status = 200, type = 'text/event-stream', pieces, end } = options.reply ?? plainStream
    response.writeHead(status, { 'content-type': type })
    response.flushHeaders()
    for (const piece of pieces) {
      written += Buffer.byteLength(piece)
      response.write(piece)
      // Lets each write leave as a packet of its own.
      await sleep(2)
      if (response.writableNeedDrain && !response.destroyed) {
        await Promise.race([once(response, 'drain'), once(response, 'close')])
      }
    }
    if (end === 'break') response.destroy()
    else if (end !== 'hang') response.end()
  }

  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    asked,
    forms,
    written: () => written,
    dropped,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function portOf(server: { address: () => unknown }): number {
  const address = server.address()
  if (typeof address === 'object' && address !== null && 'port' in address) {
    return Number(address.port)
  }
  throw new Error('the server does not listen')
}

export async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

function show(value: unknown, response: ServerResponse): void {
  if (typeof value === 'number' || value === undefined) {
    response.writeHead(value ?? 404).end()
    return
  }
  const isText = typeof value === 'string'
  response.writeHead(200, { 'content-type': isText ? 'text/plain' : 'application/json' })
  response.end(isText ? value : JSON.stringify(value))
}
