/**
 * One dispatch from the gateway: admitted by its ticket, run on the local runtime, answered with a
 * proof in the head and a claim at the end. Its texts pass through and are neither kept nor logged.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sha256Hex } from '../../../src/protocol/canonical.ts'
import type { NowMs } from '../../../src/protocol/clock.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { proofHeader, signBusy, signProof, type Ticket } from '../../../src/protocol/ticket.ts'
import type { Log } from '../log.ts'
import type { NodeKey } from '../node-key.ts'
import type { Target } from '../runtimes/monitor.ts'
import { runtimeUrl } from '../runtimes/surface.ts'
import { type AdmissionDeps, makeAdmission, ticketRefused } from './admission.ts'
import type { Counters } from './counters.ts'
import { makeEvidence } from './evidence.ts'
import { type RelayEnd, relayEvents } from './relay-events.ts'
import { relayJson } from './relay-json.ts'
import { hasLeft, type Refusal, sendRefusal } from './replies.ts'
import { forwardedBody, readBody } from './request-body.ts'
import { runtimeError } from './runtime-error.ts'
import { askRuntime, type RuntimeTimeouts } from './runtime-request.ts'

export const dispatchPaths = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'] as const
export type DispatchPath = (typeof dispatchPaths)[number]

export type DispatchDeps = AdmissionDeps & {
  readonly node: NodeKey
  readonly counters: Counters
  readonly monotonicMs: NowMs
  readonly timeouts: RuntimeTimeouts
  readonly log: Log
}

export type Dispatch = (
  path: DispatchPath,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>

type Job = { readonly ticket: Ticket; readonly target: Target; readonly path: DispatchPath }

const busy: Refusal = {
  status: 429,
  code: 'busy',
  message: 'The node takes no further work at this moment.',
}

export function makeDispatch(deps: DispatchDeps): Dispatch {
  const { counters, log, node, timeouts } = deps
  const admit = makeAdmission(deps)

  return async (path, request, response) => {
    const admission = admit(request)
    if (admission.kind === 'refused') {
      log('ticket_refused', { code: admission.refusal.code })
      sendRefusal(response, admission.refusal)
      return
    }
    if (admission.kind === 'busy') {
      counters.count('rejected_busy')
      sendRefusal(response, busy, { [proofHeader]: signBusy(admission.ticket, node.signer) })
      return
    }
    try {
      await accept({ ...admission, path }, request, response)
    } finally {
      admission.release()
    }
  }

  async function accept(job: Job, request: IncomingMessage, response: ServerResponse) {
    const { ticket, target, path } = job
    const body = await readBody(request, limits.requestBodyBytes)
    if (!body.ok) {
      if (body.reason === 'too_large') sendRefusal(response, tooLarge, { connection: 'close' })
      return
    }
    if (sha256Hex(body.bytes) !== ticket.body_sha256) {
      log('ticket_refused', { code: 'wrong_body' })
      sendRefusal(response, ticketRefused('wrong_body'))
      return
    }
    const forwarded = forwardedBody(body.bytes, {
      ticket,
      localName: target.localName,
      generates: path !== '/v1/embeddings',
    })
    if (!forwarded.ok) {
      sendRefusal(response, { status: 400, code: 'invalid_body', message: forwarded.message })
      return
    }
    counters.count('accepted')
    const startedMs = deps.monotonicMs()
    const end = await run(job, forwarded.bytes, response)
    counters.count(end)
    log('dispatch', {
      ticket_id: ticket.ticket_id,
      profile_id: ticket.profile_id,
      runtime_id: target.runtimeId,
      end,
      total_ms: Math.round(deps.monotonicMs() - startedMs),
    })
  }

  async function run(job: Job, body: Buffer, response: ServerResponse): Promise<RelayEnd> {
    const { ticket, target, path } = job
    const headers = { [proofHeader]: signProof(ticket, node.signer) }
    const evidence = makeEvidence({ ticket, target, node, monotonicMs: deps.monotonicMs })
    const left = new AbortController()
    response.once('close', () => left.abort())
    if (response.destroyed) left.abort()
    const gone = left.signal
    const url = runtimeUrl(target.url, path)
    const reply = await askRuntime({ url, body, signal: gone, timeouts })
    if (gone.aborted) return 'cancelled_by_client'

    const kind = reply === undefined ? 'none' : kindOf(reply)
    if (reply === undefined || kind === 'none') {
      reply?.destroy()
      sendRefusal(response, runtimeError(reply?.statusCode), headers)
      await hasLeft(response, timeouts.idleMs)
      return 'failed'
    }
    const relay = { from: reply, to: response, evidence, gone, idleMs: timeouts.idleMs, headers }
    if (kind === 'json') return relayJson(relay)
    response.writeHead(200, { ...streamHeaders, ...headers })
    response.flushHeaders()
    return relayEvents(relay)
  }
}

const tooLarge: Refusal = {
  status: 413,
  code: 'request_too_large',
  message: 'The request body is larger than 4 MB.',
}

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
}

function kindOf(reply: IncomingMessage): 'events' | 'json' | 'none' {
  const status = reply.statusCode ?? 0
  const type = reply.headers['content-type'] ?? ''
  if (status < 200 || status > 299) return 'none'
  if (type.startsWith('text/event-stream')) return 'events'
  return type.startsWith('application/json') ? 'json' : 'none'
}
