/** Schemas that the hosts' document names; others stand where they are used. */
import type * as z from 'zod'
import { ErrorCodeName } from '../../http/error-reply.ts'
import { SignedClaim } from '../../protocol/claim.ts'
import { Eligibility, Heartbeat, Inventory } from '../../protocol/heartbeat.ts'
import { LateClaimOffer } from '../../protocol/late-claims.ts'
import { WireReputation } from '../../protocol/reputation.ts'
import { IngestErrorObject, IngestErrorReply } from './row.ts'

export const ingestSchemas: Readonly<Record<string, z.ZodType>> = {
  ErrorCode: ErrorCodeName,
  ErrorObject: IngestErrorObject,
  ErrorReply: IngestErrorReply,
  Heartbeat,
  Inventory,
  Eligibility,
  LateClaimOffer,
  SignedClaim,
  Reputation: WireReputation,
}
