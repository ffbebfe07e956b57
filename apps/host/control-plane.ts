/**
 * The agent's client of ingest. Every signed request may be refused for a wrong clock; then the
 * refusal carries the server's time, the clock is corrected and the request is made once more.
 */
import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import type { Signer } from '../../src/protocol/ed25519.ts'
import { ChallengeReply, EnrolReply, type EnrolRequest } from '../../src/protocol/enrolment.ts'
import { type Heartbeat, HeartbeatReply, type Inventory } from '../../src/protocol/heartbeat.ts'
import { type SignatureTag, signatureTag, signRequest } from '../../src/protocol/http-signature.ts'
import { type JobReport, JobReportReply } from '../../src/protocol/job-report.ts'
import { parseJson } from '../../src/protocol/json-text.ts'
import {
  EarningsReply,
  type LateClaimBatch,
  LateClaimReply,
} from '../../src/protocol/late-claims.ts'
import { ReputationReply } from '../../src/protocol/reputation.ts'
import { RotateReply, type RotateRequest } from '../../src/protocol/rotation.ts'
import { readBoundedText } from './bounded-body.ts'
import type { Clock, ServerClock } from './clock.ts'
import { messageOf } from './stated-error.ts'

const requestTimeoutMs = 5_000
/** 64 profiles with all their blockers stay far below this. */
const replyBytesMax = 512 * 1024

export type ControlPlaneError = {
  /** The wire error's code, or `unreachable` or `bad_reply` where there was no wire error. */
  readonly code: string
  readonly message: string
  readonly retryAfterMs?: number
  readonly lastSeq?: number
}

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ControlPlaneError }

const WireErrorReply = z.object({
  error: z.object({
    code: z.string().max(64),
    message: z.string().max(1024),
    retry_after_seconds: z.number().min(0).max(3600).optional(),
    server_time_ms: z.int().optional(),
    last_seq: z.int().min(0).optional(),
  }),
})

type WireErrorReply = z.infer<typeof WireErrorReply>

/** Every reply of ingest that succeeded tells the time, if it tells anything. */
const TimedReply = z.object({ server_time_ms: z.int() })

export type ControlPlane = {
  readonly challenge: () => Promise<Answer<ChallengeReply>>
  readonly enrol: (request: EnrolRequest, stage: string) => Promise<Answer<EnrolReply>>
  /** Composed anew for the retry, because sequence and times change with the clock. */
  readonly heartbeat: (compose: () => Heartbeat, stage: string) => Promise<Answer<HeartbeatReply>>
  readonly inventory: (document: Inventory, stage: string) => Promise<Answer<unknown>>
  readonly lateClaims: (batch: LateClaimBatch, stage: string) => Promise<Answer<LateClaimReply>>
  readonly jobReport: (
    jobId: string,
    report: JobReport,
    stage: string,
  ) => Promise<Answer<JobReportReply>>
  readonly earnings: (stage: string) => Promise<Answer<EarningsReply>>
  readonly reputation: (stage: string) => Promise<Answer<ReputationReply>>
  /** Signed with the old key, which this client was made with. */
  readonly rotate: (compose: () => RotateRequest, stage: string) => Promise<Answer<RotateReply>>
}

type Call = {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  /** Left out where the request has no body. */
  readonly compose?: () => unknown
  /** Unsigned where undefined. */
  readonly tag?: SignatureTag
}

type RawReply = { readonly ok: boolean; readonly body: unknown }

export function makeControlPlane(deps: {
  readonly ingestUrl: string
  readonly nodeId: string
  readonly signer: Signer
  readonly clock: Clock
  readonly serverClock: ServerClock
}): ControlPlane {
  const { clock, serverClock, signer, nodeId } = deps

  async function send(call: Call): Promise<RawReply> {
    const url = `${deps.ingestUrl.replace(/\/+$/, '')}/ingest/v1${call.path}`
    const body = Buffer.from(call.compose === undefined ? '' : JSON.stringify(call.compose()))
    const request = { method: call.method, url, body }
    const headers =
      call.tag === undefined
        ? { 'content-type': 'application/json' }
        : await signRequest(request, {
            signer,
            keyId: nodeId,
            tag: call.tag,
            nonce: randomUUID(),
            nowMs: serverClock.nowMs(),
          })
    const sentAtMs = clock.wallMs()
    const response = await fetch(url, {
      method: call.method,
      headers,
      ...(call.compose === undefined ? {} : { body }),
      redirect: 'error',
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    const receivedAtMs = clock.wallMs()
    const text = await readBoundedText(response, replyBytesMax)
    const parsed = parseJson(text ?? '')
    const serverTimeMs = serverTimeOf(parsed)
    if (serverTimeMs !== undefined) serverClock.learn({ sentAtMs, receivedAtMs, serverTimeMs })
    return { ok: response.ok, body: parsed }
  }

  async function ask<T>(call: Call, schema: z.ZodType<T>, mayRetry = true): Promise<Answer<T>> {
    let reply: RawReply
    try {
      reply = await send(call)
    } catch (error) {
      return refused('unreachable', `Ingest did not answer: ${networkReason(error)}.`)
    }
    if (reply.ok) {
      const parsed = schema.safeParse(reply.body)
      return parsed.success
        ? { ok: true, value: parsed.data }
        : refused('bad_reply', 'Ingest answered in a form that this agent does not know.')
    }
    const wire = WireErrorReply.safeParse(reply.body)
    if (!wire.success) return refused('bad_reply', 'Ingest refused without saying why.')
    const { error } = wire.data
    const corrected = error.code === 'clock_skew' && error.server_time_ms !== undefined
    if (corrected && mayRetry) return ask(call, schema, false)
    return { ok: false, error: fromWire(error) }
  }

  return {
    challenge: () =>
      ask(
        {
          method: 'POST',
          path: '/enroll/challenge',
          compose: () => ({ public_key: signer.publicKey }),
        },
        ChallengeReply,
      ),
    enrol: (request, stage) =>
      ask(
        {
          method: 'POST',
          path: '/enroll',
          compose: () => request,
          tag: signatureTag(stage, 'enroll'),
        },
        EnrolReply,
      ),
    heartbeat: (compose, stage) =>
      ask(
        { method: 'POST', path: '/heartbeats', compose, tag: signatureTag(stage, 'heartbeat') },
        HeartbeatReply,
      ),
    inventory: (document, stage) =>
      ask(
        {
          method: 'PUT',
          path: '/inventory',
          compose: () => document,
          tag: signatureTag(stage, 'inventory'),
        },
        z.unknown(),
      ),
    lateClaims: (batch, stage) =>
      ask(
        {
          method: 'POST',
          path: '/claims',
          compose: () => batch,
          tag: signatureTag(stage, 'claims'),
        },
        LateClaimReply,
      ),
    rotate: (compose, stage) =>
      ask(
        { method: 'POST', path: '/rotate', compose, tag: signatureTag(stage, 'rotate') },
        RotateReply,
      ),
    jobReport: (jobId, report, stage) =>
      ask(
        {
          method: 'POST',
          path: `/jobs/${jobId}/result`,
          compose: () => report,
          tag: signatureTag(stage, 'jobs'),
        },
        JobReportReply,
      ),
    earnings: (stage) =>
      ask(
        { method: 'GET', path: '/earnings', tag: signatureTag(stage, 'earnings') },
        EarningsReply,
      ),
    reputation: (stage) =>
      ask(
        { method: 'GET', path: '/reputation', tag: signatureTag(stage, 'reputation') },
        ReputationReply,
      ),
  }
}

function fromWire(error: WireErrorReply['error']): ControlPlaneError {
  const { code, message, retry_after_seconds: retryAfterSec, last_seq: lastSeq } = error
  return {
    code,
    message,
    ...(retryAfterSec === undefined ? {} : { retryAfterMs: retryAfterSec * 1000 }),
    ...(lastSeq === undefined ? {} : { lastSeq }),
  }
}

function refused(code: string, message: string): { ok: false; error: ControlPlaneError } {
  return { ok: false, error: { code, message } }
}

function serverTimeOf(body: unknown): number | undefined {
  const reply = TimedReply.safeParse(body)
  if (reply.success) return reply.data.server_time_ms
  const wire = WireErrorReply.safeParse(body)
  return wire.success ? wire.data.error.server_time_ms : undefined
}

/** `fetch` hides the reason in the cause. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return messageOf(cause)
}
