/**
 * One dispatch from the gateway: admitted by its ticket, run on the local runtime, answered with a
 * proof in the head and a claim at the end. Its texts pass through and are neither kept nor logged.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { sha256Hex } from '../../../src/protocol/canonical.ts'
import type { NowMs } from '../../../src/protocol/clock.ts'
import { type HostPath, isChunked } from '../../../src/protocol/host-path.ts'
import type { LateClaimOffer } from '../../../src/protocol/late-claims.ts'
import { limits } from '../../../src/protocol/limits.ts'
import {
  formatLoad,
  loadHeader,
  proofHeader,
  type SignedTicket,
  signBusy,
  signProof,
} from '../../../src/protocol/ticket.ts'
import type { Log } from '../log.ts'
import type { NodeKey } from '../node-key.ts'
import type { Target } from '../runtimes/monitor.ts'
import { runtimeUrl } from '../runtimes/surface.ts'
import { makeSparingLog } from '../sparing-log.ts'
import { type AdmissionDeps, makeAdmission, ticketRefused } from './admission.ts'
import type { Counters } from './counters.ts'
import { makeEvidence } from './evidence.ts'
import { forwardedBody } from './forwarded-body.ts'
import { endEvents, type Relay, type RelayEnd, relayEvents } from './relay-events.ts'
import { endJsonCancelled, relayJson } from './relay-json.ts'
import {
  busy,
  cutAfterCancel,
  errorBody,
  hasLeft,
  sendJson,
  sendRefusal,
  tooLarge,
  whenGone,
} from './replies.ts'
import { readBody, type SentBody } from './request-body.ts'
import type { Running } from './running.ts'
import { runtimeError } from './runtime-error.ts'
import { askRuntime, type RuntimeTimeouts } from './runtime-request.ts'

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
  path: HostPath,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>

type Job = { readonly signed: SignedTicket; readonly target: Target; readonly path: HostPath }

type Cancellable = Job & {
  /** Aborts when the gateway cancels. */
  readonly cancelled: AbortSignal
}

type Answering = Relay & {
  readonly path: HostPath
  readonly reply: IncomingMessage | undefined
  readonly headers: OutgoingHttpHeaders
}

export function makeDispatch(deps: DispatchDeps): Dispatch {
  const { counters, log, node, timeouts } = deps
  const logRefusal = makeSparingLog(log, deps.monotonicMs)
  const admit = makeAdmission(deps)

  return async (path, request, response) => {
    const admission = admit(request)
    if (admission.kind === 'refused') {
      logRefusal('ticket_refused', { code: admission.refusal.code })
      sendRefusal(response, admission.refusal)
      return
    }
    if (admission.kind === 'busy') {
      counters.count('rejected_busy')
      const { ticket, load } = admission
      const headers = {
        [proofHeader]: signBusy(ticket, node.signer),
        [loadHeader]: formatLoad(load),
      }
      sendJson(response, busy.status, { ...errorBody(busy), load }, headers)
      return
    }
    try {
      await accept({ ...admission, path }, request, response)
    } finally {
      admission.release()
    }
  }

  async function accept(job: Job, request: IncomingMessage, response: ServerResponse) {
    const running = deps.running.begin(job.signed.ticket)
    try {
      await carryOut({ ...job, cancelled: running.cancelled }, request, response)
    } finally {
      running.end()
    }
  }

  async function carryOut(job: Cancellable, request: IncomingMessage, response: ServerResponse) {
    const { target, path, cancelled } = job
    const { ticket } = job.signed
    cutAfterCancel(response, cancelled)
    const body = await readBody(request, limits.requestBodyBytes, cancelled)
    if (!body.ok) {
      if (body.reason === 'too_large') sendRefusal(response, tooLarge, { connection: 'close' })
      return
    }
    if (sha256Hex(body.bytes) !== ticket.body_sha256) {
      logRefusal('ticket_refused', { code: 'wrong_body' })
      sendRefusal(response, ticketRefused('wrong_body'))
      return
    }
    const sent = { bytes: body.bytes, contentType: request.headers['content-type'] ?? '' }
    const forwarded = await forwardedBody(sent, { ticket, localName: target.localName, path })
    if (!forwarded.ok) {
      sendRefusal(response, { status: 400, code: 'invalid_body', message: forwarded.message })
      return
    }
    counters.count('accepted')
    const startedMs = deps.monotonicMs()
    const end = await run(job, forwarded, response)
    counters.count(end)
    log('dispatch', {
      ticket_id: ticket.ticket_id,
      profile_id: ticket.profile_id,
      runtime_id: target.runtimeId,
      end,
      total_ms: Math.round(deps.monotonicMs() - startedMs),
    })
  }

  async function run(
    { signed, target, path, cancelled }: Cancellable,
    { bytes: body, contentType }: SentBody,
    response: ServerResponse,
  ): Promise<RelayEnd> {
    const headers = { [proofHeader]: signProof(signed.ticket, node.signer) }
    const { monotonicMs } = deps
    const seen = () => deps.progressed?.(target.runtimeId)
    const evidence = makeEvidence({ ...signed, target, node, seen, monotonicMs })
    const gone = whenGone(response)
    const url = runtimeUrl(target.url, path)
    const signal = AbortSignal.any([gone, cancelled])
    const reply = await askRuntime({ url, body, contentType, signal, timeouts })
    if (gone.aborted) return 'cancelled_by_client'
    const relay = { to: response, evidence, gone, cancelled, idleMs: timeouts.idleMs, headers }
    try {
      return await answer({ ...relay, path, reply })
    } finally {
      // However it ended: what was delivered is owed.
      if (!response.writableFinished && !evidence.isEmpty()) {
        deps.keepClaim({ ticket: signed, claim: evidence.signedClaim().claim })
      }
    }
  }

  async function answer(relay: Answering): Promise<RelayEnd> {
    const { path, reply, to, cancelled, headers } = relay
    if (cancelled.aborted && !isChunked(path)) return endJsonCancelled(relay)
    const kind = reply === undefined ? 'none' : kindOf(reply, path)
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

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
}

function kindOf(reply: IncomingMessage, path: HostPath): 'events' | 'json' | 'none' {
  const status = reply.statusCode ?? 0
  const type = reply.headers['content-type'] ?? ''
  if (status < 200 || status > 299) return 'none'
  if (isChunked(path) && type.startsWith('text/event-stream')) return 'events'
  return type.startsWith('application/json') ? 'json' : 'none'
}
