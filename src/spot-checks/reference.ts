/**
 * A reference: what a trusted runner shows for prompts that nobody has been asked yet. It holds for one
 * build under one runtime, because another runtime rounds another way.
 */
import * as z from 'zod'
import { sha256Hex } from '../protocol/canonical.ts'
import { RuntimeKind } from '../protocol/claim.ts'
import { ArtifactDigest, ProfileId } from '../protocol/ids.ts'
import { TopToken, topTokens } from './compare.ts'

export const PromptMessage = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string().min(1).max(1_000),
})
export type PromptMessage = z.infer<typeof PromptMessage>

export const TrustedReading = z.strictObject({
  messages: z.array(PromptMessage).min(1).max(4),
  /** Most likely first. */
  top: z.array(TopToken).length(topTokens),
})
export type TrustedReading = z.infer<typeof TrustedReading>

/** Enough for hourly checks of a new node over four days; about 50 KB. */
export const readingsMax = 96

/** Body of `PUT /admin/references`, and what is stored. */
export const Reference = z.strictObject({
  profile_id: ProfileId,
  artifact_digest: ArtifactDigest,
  runtime_kind: RuntimeKind,
  /** `*` where the operator trusts the reading for every version. */
  runtime_version: z.string().min(1).max(64),
  /** Largest mean difference of log-probabilities that passes, in nats. */
  tau: z.number().gt(0).max(1),
  readings: z.array(TrustedReading).min(1).max(readingsMax),
})
export type Reference = z.infer<typeof Reference>

export const anyVersion = '*'

/** Names a prompt by its words, so that a failure on the same prompt is never counted twice. */
export const promptIdOf = (messages: readonly PromptMessage[]): string =>
  sha256Hex(JSON.stringify(messages)).slice(0, 16)
