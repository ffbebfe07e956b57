/** What spot checks need of a store, and of whoever can ask a host as a customer would. */

import type { PricedModel } from '../catalogue/model.ts'
import type { Grace, SpotCheckFact } from '../fleet/node.ts'
import type { Candidate } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { RuntimeKind } from '../protocol/claim.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import type { Sampling } from './policy.ts'
import type { Reference } from './reference.ts'

type ProfileName = { readonly nodeId: string; readonly profileId: string }

/** `version` is 0 before the first write. */
export type StoredSampling = { readonly sampling: Sampling; readonly version: number }

export type SpotCheckStore = {
  /** Replaces the one of the same build, runtime kind and version. */
  readonly putReference: (reference: Reference) => Promise<void>
  /** Of this version, else of any version. */
  readonly readReference: (of: {
    readonly profileId: string
    readonly runtimeKind: RuntimeKind
    readonly runtimeVersion: string
  }) => Promise<Reference | undefined>
  readonly listReferences: () => Promise<readonly Reference[]>
  /** By profile id. */
  readonly readSamplings: (nodeId: string) => Promise<ReadonlyMap<string, StoredSampling>>
  /**
   * Sampling and fact in one write; false where another writer was first or the profile is gone. A
   * fact left out stays as it is.
   */
  readonly writeSampling: (
    at: ProfileName,
    change: {
      readonly sampling: Sampling
      readonly fromVersion: number
      readonly fact?: SpotCheckFact | undefined
    },
  ) => Promise<boolean>
  /** Whose money pays for the checks; undefined until an operator names it. */
  readonly readPlatformAccount: () => Promise<string | undefined>
  readonly writePlatformAccount: (accountId: string) => Promise<void>
  /** Undefined while another run is under way; else the node after which the last one stopped. */
  readonly takeRun: (run: {
    readonly holder: string
    readonly nowMs: number
    readonly untilMs: number
  }) => Promise<{ readonly place: string | undefined } | undefined>
  /** Ends the holder's run; one that overran changes nothing any more. */
  readonly endRun: (run: {
    readonly holder: string
    readonly place: string | undefined
  }) => Promise<void>
}

/** One chat request to one host, with hold, settlement and receipt like a customer's own. */
export type Question = {
  readonly request: ChatRequest
  readonly key: CustomerKey
  readonly model: PricedModel
  readonly candidate: Candidate
  readonly grace: Grace | undefined
}

export type Answer =
  /** The `logprobs` of the first content; undefined where there were none. */
  | { readonly kind: 'answered'; readonly logprobs: unknown }
  | { readonly kind: 'failed'; readonly code: ErrorCode }

export type AskOneHost = (question: Question) => Promise<Answer>
