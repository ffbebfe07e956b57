/**
 * Lambda's side of its Runtime and Extensions APIs: hands out one event at a time, takes the answer as it
 * is streamed, and freezes the processes with its last byte, as the service does between invocations.
 * What a runtime may not do there is collected as a fault.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import * as z from 'zod'
import { makeLatch } from '../../support/host-answers.ts'
import { type Invocation, makeInvocation } from './invocation.ts'

/** What runs behind the API. Both take effect at once. */
export type Processes = { readonly freeze: () => void; readonly thaw: () => void }

export type RuntimeApi = Awaited<ReturnType<typeof startRuntimeApi>>

/** Of an event by function URL; the service refuses more before it starts anything. */
const eventBytesMax = 6 * 1024 * 1024
const asksWithinMs = 30_000

const Fault = z.object({ errorType: z.string(), errorMessage: z.string() })
export type Fault = z.infer<typeof Fault>

export type InvokeOptions = {
  /** Until the service would stop the invocation. */
  readonly remainingMs: number
}

export async function startRuntimeApi(processes: Processes) {
  const faults: string[] = []
  const extensions = new Map<string, string>()
  const initFault = makeAnswer<Fault>()
  let count = 0
  let isFrozen = false
  let asks = makeAnswer<ServerResponse>()
  let current: Invocation | undefined
  /** Sent once the processes run again: they are frozen before they can hear it. */
  let acknowledge: (() => void) | undefined

  function freeze(): void {
    processes.freeze()
    isFrozen = true
  }
  function thaw(): void {
    processes.thaw()
    isFrozen = false
    acknowledge?.()
    acknowledge = undefined
  }

  async function takeAnswer(id: string, request: IncomingMessage, response: ServerResponse) {
    const invocation = current
    if (invocation?.id !== id || invocation.isOver()) {
      faults.push(`an answer to ${id}, which does not wait for one`)
      return void response.writeHead(400).end()
    }
    await invocation.take(request)
    freeze()
    acknowledge = () => accept(response)
    invocation.end()
  }

  async function takeFault(id: string, request: IncomingMessage, response: ServerResponse) {
    const fault = Fault.parse(JSON.parse(await text(request)))
    if (current?.id !== id || current.isOver()) faults.push(`an error of ${id}, which is over`)
    freeze()
    acknowledge = () => accept(response)
    current?.fail(fault)
  }

  function nextEvent(response: ServerResponse): void {
    if (current !== undefined && !current.isOver()) {
      faults.push(`asked for the next event while ${current.id} runs`)
    }
    asks.give(response)
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    const [, id = '', what] = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(\w+)$/.exec(path) ?? []
    if (path === '/2018-06-01/runtime/invocation/next') return nextEvent(response)
    if (what === 'response') return takeAnswer(id, request, response)
    if (what === 'error') return takeFault(id, request, response)
    if (path === '/2018-06-01/runtime/init/error') {
      initFault.give(Fault.parse(JSON.parse(await text(request))))
      return accept(response)
    }
    if (path === '/2020-01-01/extension/register') {
      const name = String(request.headers['lambda-extension-name'])
      extensions.set(name, await text(request))
      response.writeHead(200, { 'lambda-extension-identifier': name })
      return void response.end(JSON.stringify({ functionName: 'b3iq', handler: 'handler' }))
    }
    // An extension that asked for no events waits here for as long as it lives.
    if (path === '/2020-01-01/extension/event/next') return
    faults.push(`called ${request.method} ${path}`)
    response.writeHead(404).end()
  }

  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      if (current === undefined || current.isOver()) faults.push(String(error))
      else current.cut()
      response.destroy()
    })
  })
  server.requestTimeout = 0
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the API has no port')

  /** Lets the last answer be acknowledged and freezes again where the runtime waits for its next event. */
  async function rest(): Promise<void> {
    thaw()
    await asks.given(asksWithinMs, 'the runtime did not ask for its next event')
    freeze()
  }

  return {
    /** For `AWS_LAMBDA_RUNTIME_API`. */
    address: `127.0.0.1:${address.port}`,
    faults: (): readonly string[] => faults,
    /** The bodies that extensions registered with, by name. */
    extensions: (): ReadonlyMap<string, string> => extensions,
    /** What the runtime said of a start that failed. */
    initFault: () => initFault.given(asksWithinMs, 'no error of the start was reported'),
    /** Resolves when the runtime waits for its first event. */
    ready: () => asks.given(asksWithinMs, 'the runtime did not become ready'),
    rest,
    /** Starts an invocation; the one before it must be over. */
    async invoke(event: unknown, options: InvokeOptions): Promise<Invocation> {
      const body = JSON.stringify(event)
      if (Buffer.byteLength(body) > eventBytesMax) throw new Error('the service takes 6 MB at most')
      if (isFrozen && acknowledge !== undefined) await rest()
      const waiting = await asks.given(asksWithinMs, 'the runtime did not ask for its next event')
      asks = makeAnswer()
      count += 1
      current = makeInvocation(`00000000-0000-4000-8000-${String(count).padStart(12, '0')}`)
      waiting.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': current.id,
        'lambda-runtime-deadline-ms': String(Date.now() + options.remainingMs),
        'lambda-runtime-invoked-function-arn':
          'arn:aws:lambda:us-east-1:123456789012:function:b3iq',
        'lambda-runtime-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0',
      })
      waiting.end(body)
      thaw()
      return current
    },
    stop: async () => {
      if (isFrozen) thaw()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function accept(response: ServerResponse): void {
  response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
}

/** A value that arrives once, and a wait for it that ends. */
function makeAnswer<Value>() {
  const latch = makeLatch()
  let given: { readonly value: Value } | undefined
  return {
    give: (value: Value) => {
      given ??= { value }
      latch.open()
    },
    async given(withinMs: number, complaint: string): Promise<Value> {
      const timer = setTimeout(() => latch.open(), withinMs)
      await latch.opened
      clearTimeout(timer)
      if (given === undefined) throw new Error(`${complaint} within ${withinMs} ms`)
      return given.value
    },
  }
}
