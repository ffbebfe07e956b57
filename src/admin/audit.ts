/** Who changed what, as operators look it up: by day, newest first. */
import * as z from 'zod'
import type { AuditStore } from '../audit/ports.ts'
import type { AuditRecord } from '../audit/record.ts'
import { isoTime } from '../http/iso-time.ts'
import { dayMs, type NowMs } from '../protocol/clock.ts'
import { AuditId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { pageFields, toList } from './page.ts'

export type AuditDeps = {
  readonly audit: AuditStore
  readonly nowMs: NowMs
  readonly timeOfId: (id: string) => number
}

export const AuditQuery = z.strictObject({
  ...pageFields,
  after: AuditId.optional(),
  /** UTC days, both included; without them the last seven. */
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  /** The id of the operator's key. */
  operator: z.string().min(1).max(64).optional(),
  route: z.string().min(1).max(128).optional(),
  subject: z.string().min(1).max(256).optional(),
})
type Query = z.infer<typeof AuditQuery>

/** A reply stays far below what a function may answer, however long its documents are. */
const pageBytesMax = 1024 * 1024
/** Of one page: every day of a month, and 900 records more than those that the filters leave. */
const queriesMax = limits.auditDays + 9
const defaultDays = 7

/**
 * Filters apply within what a page reads: it may hold fewer records than asked for, or none, and its
 * `next` goes on from the last one read.
 */
export async function listAudit(deps: AuditDeps, query: Query): Promise<Result<object>> {
  const days = daysOf(query, deps.nowMs())
  if (!days.ok) return days
  const found: AuditRecord[] = []
  const answer = (next: string | undefined) => ok(toList({ items: found, next }, toWireRecord))
  let bytes = 0
  let queries = 0
  let last: string | undefined
  for await (const records of batches(deps, days.value, query.after)) {
    for (const record of records) {
      last = record.auditId
      if (!isAskedFor(record, query)) continue
      found.push(record)
      bytes += JSON.stringify(record).length
      if (found.length >= query.limit || bytes >= pageBytesMax) return answer(last)
    }
    queries += 1
    if (queries >= queriesMax) return answer(last)
  }
  return answer(undefined)
}

/** One for each query of a day, empty days included. */
async function* batches(
  { audit, timeOfId }: AuditDeps,
  days: readonly string[],
  after: string | undefined,
): AsyncGenerator<readonly AuditRecord[]> {
  const cursorDay = after === undefined ? undefined : isoDay(timeOfId(after.slice(idPrefix)))
  for (const day of days) {
    if (cursorDay !== undefined && day > cursorDay) continue
    let cursor = day === cursorDay ? after : undefined
    do {
      const page = await audit.listDay(day, { limit: limits.pageSize, after: cursor })
      yield page.items
      cursor = page.next
    } while (cursor !== undefined)
  }
}

export async function showAudit({ audit }: AuditDeps, auditId: string): Promise<Result<object>> {
  const record = await audit.readRecord(auditId)
  return record ? ok(toWireRecord(record)) : refuse('audit_record_not_found')
}

const idPrefix = 'audit_'.length

/** Newest first. */
function daysOf({ from, to }: Query, nowMs: number): Result<readonly string[]> {
  const lastMs = to === undefined ? nowMs : Date.parse(to)
  const firstMs = from === undefined ? lastMs - (defaultDays - 1) * dayMs : Date.parse(from)
  const days = Math.floor(lastMs / dayMs) - Math.floor(firstMs / dayMs) + 1
  if (days < 1 || days > limits.auditDays) {
    return refuse('invalid_value', {
      param: 'from',
      message: `from must not be after to, and at most ${limits.auditDays} days lie between them.`,
    })
  }
  return ok(Array.from({ length: days }, (_, back) => isoDay(lastMs - back * dayMs)))
}

const isoDay = (atMs: number): string => isoTime(atMs).slice(0, 10)

function isAskedFor(record: AuditRecord, { operator, route, subject }: Query): boolean {
  return (
    (operator === undefined || record.by.keyId === operator) &&
    (route === undefined || record.route === route) &&
    (subject === undefined || subjectOf(record) === subject)
  )
}

const subjectOf = ({ subjectId, ending }: AuditRecord): string | undefined =>
  subjectId ?? ending?.subjectId

function toWireRecord(record: AuditRecord) {
  const { by, ending } = record
  return {
    object: 'audit_record',
    id: record.auditId,
    at: isoTime(record.begunAtMs),
    by: { key_id: by.keyId, name: by.name, role: by.role },
    route: record.route,
    path: record.path,
    subject: { kind: record.subjectKind, id: subjectOf(record) ?? null },
    request: record.request,
    before: record.before,
    after: ending?.after ?? null,
    /** `begun`: it runs, or nobody wrote down how it ended. */
    state: ending ? 'ended' : 'begun',
    outcome: ending?.outcome ?? null,
    ended_at: ending ? isoTime(ending.endedAtMs) : null,
    request_id: record.requestId,
    idempotency_key_hash: record.claimHash ?? null,
  }
}
