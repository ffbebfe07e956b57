/**
 * A wire between the AWS SDK and a DynamoDB engine that breaks where a test says so. What becomes of
 * a request is decided here and not in the client, so that the client's own retries are part of
 * what is tested. `done` tells what really happened to every request.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { absurd } from '../../src/protocol/assert.ts'
import { conflictAnswer, type EngineAnswer, errorAnswers } from './fault-answers.ts'

export type Fault =
  /** Committed; the connection is closed instead of an answer. */
  | { readonly kind: 'reply lost' }
  /** The connection is closed and the engine never hears of it. */
  | { readonly kind: 'request lost' }
  /** Refused before it reaches the engine. */
  | { readonly kind: 'throttled'; readonly by: 'capacity' | 'rate' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'server error'; readonly isCommitted: boolean }
  /** Goes through after this time; longer than the client waits makes it a late commit. */
  | { readonly kind: 'delayed'; readonly delayMs: number }
  /**
   * The connection is closed; the request reaches the engine once so many later ones were answered,
   * or when the test calls `release`.
   */
  | { readonly kind: 'late'; readonly overtakenBy?: number }

export type WireRequest = {
  /** Such as `UpdateItem`. */
  readonly operation: string
  readonly body: Readonly<Record<string, unknown>>
}

export type Plan = {
  readonly fault: Fault
  readonly on: (request: WireRequest) => boolean
  /** So many that fit go through first; 0 unless told. */
  readonly after?: number
  /** How many are hit; 1 unless told. */
  readonly times?: number
}

export type Done = WireRequest & { readonly fate: Fault['kind'] | 'passed' }

export type FaultProxy = Awaited<ReturnType<typeof startFaultProxy>>

const engineTimeoutMs = 10_000
/** DynamoDB's own limit on a request. */
const bodyBytesMax = 16 * 1024 * 1024

const writes = /^(PutItem|UpdateItem|DeleteItem|TransactWriteItems|BatchWriteItem)$/
export const isWrite = ({ operation }: WireRequest): boolean => writes.test(operation)

export async function startFaultProxy(engineEndpoint: string) {
  const plans: { plan: Plan; after: number; times: number }[] = []
  const done: Done[] = []
  const underWay = new Set<Promise<void>>()
  const held: { overtakenBy: number; readonly forward: () => Promise<EngineAnswer> }[] = []

  const faultFor = (request: WireRequest): Fault | undefined => {
    for (const one of plans) {
      if (one.times === 0 || !one.plan.on(request)) continue
      if (one.after === 0) {
        one.times -= 1
        return one.plan.fault
      }
      one.after -= 1
    }
    return undefined
  }

  const forwardOvertaken = async (): Promise<void> => {
    for (const one of held) one.overtakenBy -= 1
    for (const one of held.filter(({ overtakenBy }) => overtakenBy <= 0)) {
      held.splice(held.indexOf(one), 1)
      await one.forward()
    }
  }

  const take = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await readBody(incoming)
    const forward = () => send(engineEndpoint, incoming, text)
    const request = toWireRequest(incoming, text)
    const fault = faultFor(request)
    done.push({ ...request, fate: fault?.kind ?? 'passed' })
    if (fault?.kind === 'late') {
      held.push({ overtakenBy: fault.overtakenBy ?? Number.POSITIVE_INFINITY, forward })
      return hangUp(response)
    }
    const reply = await replyTo(fault, request, forward)
    await forwardOvertaken()
    return reply === 'none' ? hangUp(response) : answer(response, reply)
  }

  const server = createServer((incoming, response) => {
    // An engine that is gone looks to the client as it would without a proxy: no answer.
    const taken = take(incoming, response).catch(() => hangUp(response))
    underWay.add(taken)
    taken.finally(() => underWay.delete(taken))
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (typeof address === 'object' && address) resolve(address.port)
      else reject(new Error('The proxy has no port.'))
    })
  })

  return {
    endpoint: `http://127.0.0.1:${port}`,
    /** From now on; of several plans that fit a request, the first with hits left takes it. */
    plan: (...added: readonly Plan[]) => {
      for (const plan of added) plans.push({ plan, after: plan.after ?? 0, times: plan.times ?? 1 })
    },
    /** Every request so far, in order of arrival. */
    done: done as readonly Done[],
    count: (fate: Done['fate']): number => done.filter((one) => one.fate === fate).length,
    /**
     * Lets all that is late or delayed reach the engine, and tells the status of each answer that
     * was late.
     */
    release: async (): Promise<readonly number[]> => {
      const answers = []
      for (const { forward } of held.splice(0)) answers.push((await forward()).status)
      await Promise.all(underWay)
      return answers
    },
    stop: async (): Promise<void> => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function replyTo(
  fault: Exclude<Fault, { kind: 'late' }> | undefined,
  request: WireRequest,
  forward: () => Promise<EngineAnswer>,
): Promise<EngineAnswer | 'none'> {
  switch (fault?.kind) {
    case undefined:
      return forward()
    case 'reply lost':
      await forward()
      return 'none'
    case 'request lost':
      return 'none'
    case 'throttled':
      return errorAnswers[fault.by]
    case 'conflict':
      return conflictAnswer(request)
    case 'server error':
      if (fault.isCommitted) await forward()
      return errorAnswers.fault
    case 'delayed':
      await sleep(fault.delayMs)
      return forward()
    default:
      return absurd(fault)
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    const part = Buffer.from(chunk)
    bytes += part.length
    if (bytes > bodyBytesMax) throw new Error('A request has at most 16 MB.')
    chunks.push(part)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const Body = z.record(z.string(), z.unknown())

function toWireRequest(incoming: IncomingMessage, text: string): WireRequest {
  const target = z.string().parse(incoming.headers['x-amz-target'])
  return { operation: target.replace(/^.*\./, ''), body: Body.parse(JSON.parse(text)) }
}

async function send(
  endpoint: string,
  { headers }: IncomingMessage,
  body: string,
): Promise<EngineAnswer> {
  const kept = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target']
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: kept.flatMap((name): [string, string][] => {
      const value = headers[name]
      return typeof value === 'string' ? [[name, value]] : []
    }),
    body,
    signal: AbortSignal.timeout(engineTimeoutMs),
  })
  const date = response.headers.get('date')
  return {
    status: response.status,
    headers: { ...(date === null ? {} : { date }) },
    body: await response.text(),
  }
}

function answer(response: ServerResponse, { status, headers, body }: EngineAnswer): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers })
  response.end(body)
}

const hangUp = (response: ServerResponse): void => {
  response.socket?.destroy()
}
