/**
 * Audit records in the Keys table, one partition for each UTC day, and the claims that were taken with
 * them. Claims expire after a day; records have no expiry.
 */
import * as z from 'zod'
import { type ChangeClaim, ClaimEnd, type StoredChange } from '../../../audit/claim.ts'
import { type AuditRecord, BegunRecord, Ending } from '../../../audit/record.ts'
import { timeOfId } from '../../system.ts'
import { Int } from '../item-fields.ts'
import { fromBody, toBody } from './json-body.ts'

const idPrefix = 'audit_'

export const auditPartition = (day: string) => `audit#${day}`

/** The day stands in the id, so that a record is found by its id alone. */
export const auditKey = (auditId: string) => {
  const atMs = timeOfId(auditId.slice(idPrefix.length))
  return { pk: auditPartition(new Date(atMs).toISOString().slice(0, 10)), sk: auditId }
}

export const toBegunItem = (record: BegunRecord) => ({
  ...auditKey(record.auditId),
  body: toBody(record, 'a begun audit record'),
})

export const toEndingText = (ending: Ending): string => toBody(ending, 'the end of an audit record')

const WithEnding = z.object({ ending: z.string().optional() })

export function fromAuditItem(item: unknown): AuditRecord {
  const { ending } = WithEnding.parse(item)
  return {
    ...fromBody(BegunRecord, item),
    ending: ending === undefined ? undefined : Ending.parse(JSON.parse(ending)),
  }
}

export const changeClaimKey = (claimHash: string) => ({ pk: `change#${claimHash}`, sk: 'claim' })

export const toChangeClaimItem = (
  { claimHash, fingerprint, nowMs: begunAtMs, expiresAtSec }: ChangeClaim,
  auditId: string,
) => ({ ...changeClaimKey(claimHash), fingerprint, auditId, begunAtMs, expiresAtSec })

export const toClaimEndText = (end: ClaimEnd): string => toBody(end, 'a reply to repeat')

const ChangeClaimItem = z.object({
  fingerprint: z.string(),
  auditId: z.string(),
  begunAtMs: Int,
  ending: z
    .string()
    .transform((json): unknown => JSON.parse(json))
    .pipe(ClaimEnd)
    .optional(),
})

export function fromChangeClaimItem(item: unknown): StoredChange {
  const { ending: end, ...claim } = ChangeClaimItem.parse(item)
  return { ...claim, end }
}
