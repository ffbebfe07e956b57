/**
 * The role that the stage launches its own EC2 hosts with. Who can prove to have it needs no join code:
 * nobody but EC2 may take it on, and only for instances that the operator's stack started.
 */

import type { StsRequest } from '../protocol/caller-identity.ts'
import type { TrustTier } from '../protocol/catalogue.ts'

export type LaunchRole = {
  /** Where ingest runs; its instances ask the STS of the same region. */
  readonly region: string
  /** The unique id, `AROA…`: a role that is made anew under the same name has another. */
  readonly roleId: string
  readonly ownerId: string
  readonly trustTier: TrustTier
}

export type CallerAnswer =
  /** `userId` of an instance's role is `<role id>:<instance id>`. */
  | { readonly kind: 'caller'; readonly userId: string }
  /** STS does not believe the signature, or not at this time. */
  | { readonly kind: 'refused' }
  /** No answer that says anything, in the words of a log. */
  | { readonly kind: 'unavailable'; readonly why: string }

/** Puts the question to STS, once; never rejects. */
export type AskCallerIdentity = (request: StsRequest) => Promise<CallerAnswer>
