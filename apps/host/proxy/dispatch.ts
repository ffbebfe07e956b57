/**
 * One dispatch from the gateway: admitted by its ticket, run on the local runtime, answered with a
 * proof in the head and a claim at the end. Its texts pass through and are neither kept nor logged.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { sha256Hex } from '../../../src/protocol/canonical.ts'
import type { NowMs } from '../../../src/protocol/clock.ts'
import type { LateClaimOffer } from '../../../src/protocol/late-claims.ts'
import { limits } from '../../../src/protocol/limits.ts'
import {
  proofHeader,
  type SignedTicket,
  signBusy,
  signProof,
} from '../../../src/protocol/ticket.ts'
import type { Log } from '../log.ts'
import type { NodeKey } from '../node-key.ts'
import type { Target } from '../runtimes/monitor.ts'
import { runtimeUrl } from '../runtimes/surface.ts'
import { type AdmissionDeps, makeAdmission, ticketRefused } from './admission.ts'
import type { Counters } from './counters.ts'
import { makeEvidence } from './evidence.ts'
import { endEvents, type Relay, type RelayEnd, relayEvents } from './relay-events.ts'
import { endJsonCancelled, relayJson } from './relay-json.ts'
import { hasLeft, type Refusal, sendRefusal } from './replies.ts'
import { forwardedBody, readBody } from './request-body.ts'
import type { Running } from './running.ts'
import { runtimeError } from './runtime-error.ts'
import { askRuntime, type RuntimeTimeouts } from './runtime-request.ts'

export const dispatchPaths = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'] as const
export type DispatchPath = (typeof dispatchPaths)[number]

export type DispatchDeps = AdmissionDeps & {
  readonly node: NodeKey
  readonly counters: Counters
  readonly running: Pick<Running, 'begin'>
  /** Takes the claim of a dispatch whose reply was not read to its end. */
  readonly keepClaim: (offer: LateClaimOffer) => void
  /** Called for each chunk that a runtime made. */
  readonly progressed?: (runtimeId: string) => void
  readonly monotonicMs: NowMs
  readonly timeouts: RuntimeTimeouts
  readonly log: Log
}

export type Dispatch = (
  path: DispatchPath,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>

type Job = { readonly signed: SignedTicket; readonly target: Target; readonly path: DispatchPath }

type Run = {
  readonly body: Buffer
  readonly response: ServerResponse
  readonly cancelled: AbortSignal
}

type Answering = Relay & {
  readonly path: DispatchPath
  readonly reply: IncomingMessage | undefined
  readonly headers: OutgoingHttpHeaders
}

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
    const { target, path } = job
    const { ticket } = job.signed
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
    const running = deps.running.begin(ticket)
    const end = await run(job, {
      body: forwarded.bytes,
      response,
      cancelled: running.cancelled,
    }).finally(running.end)
    counters.count(end)
    log('dispatch', {
      ticket_id: ticket.ticket_id,
      profile_id: ticket.profile_id,
      runtime_id: target.runtimeId,
      end,
      total_ms: Math.round(deps.monotonicMs() - startedMs),
    })
  }

  async function run(job: Job, { body, response, cancelled }: Run): Promise<RelayEnd> {
    const { signed, target, path } = job
    const headers = { [proofHeader]: signProof(signed.ticket, node.signer) }
    const { monotonicMs } = deps
    const seen = () => deps.progressed?.(target.runtimeId)
    const evidence = makeEvidence({ ...signed, target, node, seen, monotonicMs })
    const left = new AbortController()
    response.once('close', () => left.abort())
    if (response.destroyed) left.abort()
    const gone = left.signal
    const url = runtimeUrl(target.url, path)
    const signal = AbortSignal.any([gone, cancelled])
    const reply = await askRuntime({ url, body, signal, timeouts })
    if (gone.aborted) return 'cancelled_by_client'
    const relay = { to: response, evidence, gone, cancelled, idleMs: timeouts.idleMs, headers }
    const end = await answer({ ...relay, path, reply })
    if (!response.writableFinished && !evidence.isEmpty()) {
      deps.keepClaim({ ticket: signed, claim: evidence.signedClaim().claim })
    }
    return end
  }

  async function answer(relay: Answering): Promise<RelayEnd> {
    const { path, reply, to, cancelled, headers } = relay
    if (cancelled.aborted && path === '/v1/embeddings') return endJsonCancelled(relay)
    const kind = reply === undefined ? 'none' : kindOf(reply)
    if (!cancelled.aborted && (reply === undefined || kind === 'none')) {
      reply?.destroy()
      sendRefusal(to, runtimeError(reply?.statusCode), headers)
      await hasLeft(to, timeouts.idleMs)
      return 'failed'
    }
    if (reply !== undefined && kind === 'json') return relayJson({ ...relay, from: reply })
    to.writeHead(200, { ...streamHeaders, ...headers })
    to.flushHeaders()
    return reply === undefined ? endEvents(relay, false) : relayEvents({ ...relay, from: reply })
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
