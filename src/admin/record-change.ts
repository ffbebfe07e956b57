/**
 * Runs a change on record: nothing is changed before the audit record of it stands, and whoever sends
 * the same idempotency key again gets the reply of the first, as far as it may be shown twice.
 */
import * as z from 'zod'
import {
  type ChangeClaim,
  type ClaimEnd,
  changeClaimOf,
  judgeClaim,
  StoredReply,
} from '../audit/claim.ts'
import type { AuditStore } from '../audit/ports.ts'
import type { BegunRecord, Ending } from '../audit/record.ts'
import { type Json, withoutSecrets } from '../audit/secrets.ts'
import { errorResponse, resultResponse } from '../http/respond.ts'
import { faultOf, type Log } from '../http/surface.ts'
import type { OperatorKey } from '../keys/api-key.ts'
import { InvariantError } from '../protocol/assert.ts'
import { canonicalJson, sha256Hex } from '../protocol/canonical.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import { isRetryable } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import { type Result, refuse } from '../protocol/result.ts'
import type { Change, ChangingRoute, ViewSubject } from './changes.ts'

export type RecordDeps = {
  readonly audit: Pick<AuditStore, 'begin' | 'end'>
  /** Keys the hashes of idempotency keys and of what is sent with them. */
  readonly claimSecret: Buffer
  readonly nowMs: NowMs
  readonly ids: Ids
  readonly log: Log
}

export type AskedChange = Change & {
  readonly route: ChangingRoute | 'POST /admin/bootstrap'
  readonly path: string
  /** What the path names; empty where it names nothing. */
  readonly idInPath: string
  /** Checked by the route's schema; undefined where the path says all. */
  readonly body: unknown
  readonly by: Pick<OperatorKey, 'keyId' | 'name' | 'role'>
  readonly requestId: string
  readonly idempotencyKey: string | undefined
  readonly view: ViewSubject
  readonly use: () => Promise<Result<object>>
}

export type Answered = {
  readonly result: Result<object>
  /** The reply of an earlier request with the same idempotency key. */
  readonly isReplayed: boolean
}

export async function recordChange(deps: RecordDeps, asked: AskedChange): Promise<Answered> {
  const claim = changeClaimOf(
    asked.idempotencyKey,
    { ...asked, operatorKeyId: asked.by.keyId },
    { nowMs: deps.nowMs(), secret: deps.claimSecret },
  )
  if (!claim.ok) return answered(claim)
  const begun = await begin(deps, asked, claim.value)
  if (begun.kind === 'answered') return begun.answer
  const { record } = begun
  const end = (result: Result<object> | undefined) =>
    endRecord(deps, asked, record, () => closingOf(asked, result))
  let result: Result<object>
  try {
    result = await asked.use()
  } catch (error) {
    await end(undefined)
    throw error
  }
  await end(result)
  return answered(result)
}

/** As Stripe names it. */
const replayedHeader = 'idempotent-replayed'

export function toResponse({ result, isReplayed }: Answered, requestId: string): Response {
  const headers = isReplayed ? { [replayedHeader]: 'true' } : undefined
  return result.ok
    ? resultResponse(result, requestId, headers)
    : errorResponse(result.error, requestId, headers)
}

const answered = (result: Result<object>): Answered => ({ result, isReplayed: false })

type BeginOutcome =
  | { readonly kind: 'begun'; readonly record: BegunRecord }
  | { readonly kind: 'answered'; readonly answer: Answered }

/** What cannot be recorded is not done. */
async function begin(
  deps: RecordDeps,
  asked: AskedChange,
  claim: ChangeClaim | undefined,
): Promise<BeginOutcome> {
  let record: BegunRecord | undefined
  try {
    record = await newRecord(deps, asked, claim)
    const first = await deps.audit.begin(record, claim)
    if (first.kind === 'begun' || !claim) return { kind: 'begun', record }
    const standing = judgeClaim(claim, first.by, asked)
    if (standing.kind === 'refused') return { kind: 'answered', answer: answered(standing.refusal) }
    if (standing.kind === 'reply') {
      return { kind: 'answered', answer: { result: standing.reply, isReplayed: true } }
    }
    // Of two that take over the same claim, the condition lets one through.
    const second = await deps.audit.begin(record, standing.claim)
    if (second.kind === 'begun') return { kind: 'begun', record }
    return { kind: 'answered', answer: answered(refuse('idempotency_in_progress', retrySoon)) }
  } catch (error) {
    if (error instanceof InvariantError) throw error
    deps.log('audit_unreachable', { requestId: asked.requestId, ...faultOf(error) })
    // Its reply alone may be lost: a claim that stands must not keep the same from being sent again.
    if (record) await endRecord(deps, asked, record, async () => notMade)
    return { kind: 'answered', answer: answered(refuse('ledger_unavailable', notRecorded)) }
  }
}

const notMade: Closing = {
  ending: { outcome: 'ledger_unavailable', after: null },
  claimEnd: { kind: 'unchanged' },
}
const retrySoon = { retryAfterSec: 5 }
const notRecorded = {
  retryAfterSec: 5,
  message: 'The audit record could not be written, so nothing was changed: send the same again.',
}

async function newRecord(
  { ids, nowMs }: RecordDeps,
  asked: AskedChange,
  claim: ChangeClaim | undefined,
): Promise<BegunRecord> {
  const { by, route, path, subject, requestId } = asked
  const subjectId = idBefore(asked)
  const before = subjectId === undefined ? undefined : await asked.view(subject, subjectId)
  const begunAtMs = nowMs()
  return {
    auditId: `audit_${ids.ulid(begunAtMs)}`,
    begunAtMs,
    by: { keyId: by.keyId, name: by.name, role: by.role },
    route,
    path,
    subjectKind: subject,
    ...(subjectId === undefined ? {} : { subjectId }),
    request: recorded(withDigests(asked.body, asked.hidden ?? [])),
    before: recorded(before),
    requestId,
    ...(claim ? { claimHash: claim.claimHash } : {}),
  }
}

type Closing = { readonly ending: Omit<Ending, 'endedAtMs'>; readonly claimEnd: ClaimEnd }

/** What was done stays done whatever becomes of this: a record that cannot be ended stays as begun. */
async function endRecord(
  deps: RecordDeps,
  { requestId }: AskedChange,
  { auditId, claimHash }: BegunRecord,
  close: () => Promise<Closing>,
): Promise<void> {
  try {
    const endedAtMs = deps.nowMs()
    const { ending, claimEnd } = await close()
    const claim = claimHash === undefined ? undefined : { claimHash, end: claimEnd }
    await deps.audit.end(auditId, { endedAtMs, ...ending }, claim)
  } catch (error) {
    deps.log('audit_not_ended', { requestId, auditId, ...faultOf(error) })
  }
}

/**
 * What a fault cut off may stand, in whole or in part, and so may a posting that the ledger did not
 * confirm. Every other refusal has changed nothing.
 */
async function closingOf(asked: AskedChange, result: Result<object> | undefined): Promise<Closing> {
  if (!result || (!result.ok && result.error.code === 'ledger_unavailable')) {
    const ending = { outcome: 'unknown', ...(await seenAfter(asked, undefined)) } as const
    return { ending, claimEnd: { kind: 'unknown' } }
  }
  if (result.ok) {
    const ending = { outcome: 'done', ...(await seenAfter(asked, result.value)) } as const
    return { ending, claimEnd: { kind: 'replied', reply: replyOf(result.value) } }
  }
  const claimEnd: ClaimEnd = isRetryable(result.error)
    ? { kind: 'unchanged' }
    : { kind: 'replied', reply: StoredReply.parse(withoutSecrets(result)) }
  return { ending: { outcome: result.error.code, after: null }, claimEnd }
}

/** The subject as it is now, as far as it has a view and a name. */
async function seenAfter(
  asked: AskedChange,
  value: object | undefined,
): Promise<Pick<Ending, 'subjectId' | 'after'>> {
  const subjectId = idBefore(asked) ?? (value && idAfter(asked, value))
  const view = subjectId === undefined ? undefined : await asked.view(asked.subject, subjectId)
  return { ...(subjectId === undefined ? {} : { subjectId }), after: recorded(view ?? value) }
}

function replyOf(value: object): StoredReply {
  const shown = z.record(z.string(), z.json()).parse(withoutSecrets(value))
  const isCut = Object.entries(value).some(([field, was]) => was !== null && shown[field] === null)
  return { ok: true, value: isCut ? { ...shown, note: shownOnce } : shown }
}

const shownOnce = 'The secret was shown once and is not stored: make another if it was lost.'

function idBefore({ named, body, idInPath }: AskedChange): string | undefined {
  if (named === 'by path') return idInPath
  return 'inBody' in named ? textAt(body, named.inBody) : undefined
}

const idAfter = ({ named }: AskedChange, value: object): string | undefined =>
  named !== 'by path' && 'inReply' in named ? textAt(value, named.inReply) : undefined

function textAt(document: unknown, field: string): string | undefined {
  const value = typeof document === 'object' && document && Reflect.get(document, field)
  return typeof value === 'string' ? value : undefined
}

function withDigests(body: unknown, hidden: readonly string[]): unknown {
  if (typeof body !== 'object' || body === null || hidden.length === 0) return body
  const shown = Object.entries(body).map(([field, value]): [string, unknown] =>
    hidden.includes(field) ? [field, digestOf(value)] : [field, value],
  )
  return Object.fromEntries(shown)
}

/** Of a record's documents each has a bound, so that all of them fit into one item. */
function recorded(document: unknown): Json {
  const json = withoutSecrets(document)
  const bytes = Buffer.byteLength(JSON.stringify(json))
  return bytes <= limits.auditDocumentBytes ? json : { omitted_bytes: bytes, ...digestOf(json) }
}

const digestOf = (value: unknown) => ({ sha256: sha256Hex(canonicalJson(value)) })
