/**
 * One attempt at one host: a signed ticket out, the node's proof back, then its events. Nothing is
 * handed on before the proof verifies, and silence is bounded at every step.
 */
import type { Candidate } from '../fleet/pool.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import type { Ids, NowMs, StartTimer } from '../protocol/clock.ts'
import { type HostPath, isChunked } from '../protocol/host-path.ts'
import {
  encodeTicket,
  issueTicket,
  loadHeader,
  parseLoad,
  proofHeader,
  type Ticket,
  type TicketSigner,
  ticketHeader,
  ticketLifeMsMax,
  verifyBusy,
  verifyProof,
} from '../protocol/ticket.ts'
import { makeTimedWait } from '../protocol/timed-wait.ts'
import { type HostEvent, hostEvents } from './host-events.ts'
import type { Dialer, DialOutcome } from './ports.ts'

export const attemptTimers = {
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 10_000,
  firstContentTimeoutMs: 30_000,
  betweenEventsTimeoutMs: 30_000,
  /** After its last word a host has only its claim to send. */
  afterEndTimeoutMs: 1_000,
} as const

export type AttemptDeps = {
  readonly stage: string
  readonly dialer: Dialer
  readonly ticketSigner: () => TicketSigner
  readonly ids: Ids
  readonly nowMs: NowMs
  readonly startTimer: StartTimer
}

export type AttemptOrder = {
  readonly candidate: Candidate
  readonly holdId: string
  readonly attempt: number
  readonly path: HostPath
  readonly body: Buffer
  /** @default `application/json` */
  readonly contentType?: string
  readonly maxTokens: number
  readonly choices: number
  readonly priceVersion: number
  /** @default `attemptTimers.firstContentTimeoutMs` */
  readonly firstContentTimeoutMs?: number
  /** Aborts the host at once: client gone, deadline reached, attempt given up. */
  readonly signal: AbortSignal
}

/**
 * Why a host did not start; `src/routing/breaker.ts` says what counts against it. `rejected`: its
 * runtime takes the request for invalid, and the node signs for that.
 */
export type AttemptFailure =
  | 'busy'
  | 'rejected'
  | 'stale_route'
  | 'refused'
  | 'no_proof'
  | 'connect_failed'
  | 'timed_out'
  | 'aborted'

/** Which dispatch it was: what a claim is matched with, and what a cancel names. */
export type Dispatched = {
  readonly ticketId: string
  readonly ticketHash: string
  /** By the route that was dialled. */
  readonly candidate: Candidate
}

export type AttemptEvent = HostEvent | { readonly kind: 'timeout' }

export type Attempt = Dispatched &
  (
    | { readonly kind: 'failed'; readonly reason: AttemptFailure }
    | {
        readonly kind: 'open'
        /** What came at once, in order. Ends with `timeout` when the host falls silent, else with the body. */
        readonly events: AsyncGenerator<readonly AttemptEvent[]>
        /**
         * To be called by whoever reads the events, before it asks for the next ones, when the first of
         * them had content for it: until then the host is timed as one that has said nothing.
         */
        readonly contentBegan: () => void
      }
  )

export async function startAttempt(deps: AttemptDeps, order: AttemptOrder): Promise<Attempt> {
  const ticket = makeTicket(deps, order)
  const { candidate, firstContentTimeoutMs = attemptTimers.firstContentTimeoutMs } = order
  const { signed, hash } = issueTicket(ticket, deps.ticketSigner())
  const dispatched = { ticketId: ticket.ticket_id, ticketHash: hash, candidate }
  const connection = new AbortController()
  const outcome = await deps.dialer.post({
    url: new URL(order.path, candidate.routeUrl).href,
    headers: {
      'content-type': order.contentType ?? 'application/json',
      accept: isChunked(order.path) ? 'text/event-stream' : 'application/json',
      [ticketHeader]: encodeTicket(signed),
    },
    body: order.body,
    certificateKeySha256: candidate.certificateKeySha256,
    connectTimeoutMs: attemptTimers.connectTimeoutMs,
    // One document is made before its headers are sent.
    headersTimeoutMs: isChunked(order.path)
      ? attemptTimers.headersTimeoutMs
      : firstContentTimeoutMs,
    signal: AbortSignal.any([order.signal, connection.signal]),
  })
  const reason = failureOf(outcome, hash, candidate.publicKey)
  if (reason !== undefined || outcome.kind === 'failed') {
    // A refusal's body that nobody reads would keep its socket from everyone else.
    connection.abort(ended)
    if (reason === 'busy')
      return { ...dispatched, candidate: withSlots(candidate, outcome), reason, kind: 'failed' }
    return { ...dispatched, kind: 'failed', reason: reason ?? 'connect_failed' }
  }
  let hasContent = false
  return {
    ...dispatched,
    kind: 'open',
    events: timedEvents(eventsIn(order.path, outcome.body), {
      startTimer: deps.startTimer,
      connection,
      silenceMsMax: { ...silenceMsMax, before_content: firstContentTimeoutMs },
      hasContent: () => hasContent,
    }),
    contentBegan: () => {
      hasContent = true
    },
  }
}

/** Given to every abort: without a reason an error is made, with a trace of the stack. */
const ended = 'the attempt has ended'

const eventsIn = (path: HostPath, body: AsyncIterable<Uint8Array>) =>
  isChunked(path) ? hostEvents(body) : documentEventsIn(body)

/** Loaded with the first document: most answers come in chunks. */
async function* documentEventsIn(body: AsyncIterable<Uint8Array>) {
  const { documentEvents } = await import('./document-events.ts')
  yield* documentEvents(body)
}

/** How many it has now, where it says so: its last beat may be older. Unsigned, and good for a wait only. */
function withSlots(candidate: Candidate, outcome: DialOutcome): Candidate {
  const load =
    outcome.kind === 'answered' ? parseLoad(outcome.headers[loadHeader] ?? '') : undefined
  return load ? { ...candidate, slots: load.slots } : candidate
}

function makeTicket(deps: AttemptDeps, order: AttemptOrder): Ticket {
  const { candidate } = order
  const nowMs = deps.nowMs()
  return {
    v: 1,
    stage: deps.stage,
    ticket_id: deps.ids.token(12),
    hold_id: order.holdId,
    attempt: order.attempt,
    node_id: candidate.nodeId,
    route_epoch: candidate.routeEpoch,
    profile_id: candidate.profileId,
    artifact_digest: candidate.artifactDigest,
    max_tokens: order.maxTokens,
    n: order.choices,
    price_version: order.priceVersion,
    body_sha256: sha256Hex(order.body),
    issued_at_ms: nowMs,
    expires_at_ms: nowMs + ticketLifeMsMax,
  }
}

function failureOf(
  outcome: DialOutcome,
  ticketHash: string,
  publicKey: string,
): AttemptFailure | undefined {
  if (outcome.kind === 'failed') {
    if (outcome.reason === 'aborted') return 'aborted'
    return outcome.reason.endsWith('timeout') ? 'timed_out' : 'connect_failed'
  }
  const proof = outcome.headers[proofHeader] ?? ''
  if (outcome.status === 429) {
    return verifyBusy(ticketHash, publicKey, proof) ? 'busy' : 'refused'
  }
  if (outcome.status === 409) return 'stale_route'
  if (outcome.status === 400) {
    return verifyProof(ticketHash, publicKey, proof) ? 'rejected' : 'refused'
  }
  if (outcome.status !== 200) return 'refused'
  return verifyProof(ticketHash, publicKey, proof) ? undefined : 'no_proof'
}

type Stage = 'before_content' | 'content' | 'ended'

const silenceMsMax: Readonly<Record<Stage, number>> = {
  before_content: attemptTimers.firstContentTimeoutMs,
  content: attemptTimers.betweenEventsTimeoutMs,
  ended: attemptTimers.afterEndTimeoutMs,
}

/**
 * Silence has a bound at every stage. Before content and after the end the bound is on the whole
 * stage, so that frames which are nothing to the reader cannot stretch it; in between it starts anew
 * with each batch.
 */
async function* timedEvents(
  batches: AsyncGenerator<readonly HostEvent[]>,
  by: {
    readonly startTimer: StartTimer
    readonly connection: AbortController
    readonly silenceMsMax: Readonly<Record<Stage, number>>
    readonly hasContent: () => boolean
  },
): AsyncGenerator<readonly AttemptEvent[]> {
  const { startTimer, connection, silenceMsMax } = by
  const silence = makeTimedWait(startTimer)
  let stage: Stage = 'before_content'
  silence.begin(silenceMsMax[stage])
  try {
    for (;;) {
      const next = await silence.step(batches.next())
      if (next === 'over') {
        if (stage !== 'ended') yield [{ kind: 'timeout' }]
        return
      }
      if (next.done) return
      const before: Stage = stage
      yield next.value
      stage = stageAfter(before, next.value, by.hasContent())
      if (stage !== 'content' && stage === before) continue
      // Only now, when the batch was handed on: a slow reader is not the host's silence.
      silence.begin(silenceMsMax[stage])
    }
  } catch {
    // A broken connection ends the events; whether the answer was complete shows in what came.
    return
  } finally {
    silence.end()
    // A silent socket would never let the inner generator return: cut it instead of asking it.
    connection.abort(ended)
  }
}

function stageAfter(stage: Stage, batch: readonly HostEvent[], hasContent: boolean): Stage {
  if (batch.some(({ kind }) => kind === 'done' || kind === 'error')) return 'ended'
  return hasContent && stage === 'before_content' ? 'content' : stage
}
