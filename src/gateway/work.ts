/**
 * What an endpoint makes of its request, for whoever holds money for it, picks hosts, asks them and counts
 * what comes. Everything in which endpoints differ is here; the rest of the gateway knows none of them.
 */
import type { HostContent } from '../dispatch/host-events.ts'
import type { Candidate, PoolShard } from '../fleet/pool.ts'
import type { PromptTexts } from '../metering/tokenizer-prompt.ts'
import type { ChatChunk } from '../protocol/chat-chunk.ts'
import type { Random } from '../protocol/clock.ts'
import type { HostPath } from '../protocol/host-path.ts'
import type { Result } from '../protocol/result.ts'
import type { AffinityKey } from '../routing/affinity.ts'
import type { Plan } from './plan.ts'
import type { Observe, RelayIdentity, RelayTotals } from './relay.ts'

export type Work = {
  readonly model: string
  readonly path: HostPath
  /** Content is shown before the answer is whole: then no other host can take over any more. */
  readonly isStreamed: boolean
  /** Answers that are asked for; each multiplies the hold. */
  readonly choices: number
  /** The customer asked for log-probabilities, and so may see what comes of them. */
  readonly showsLogprobs: boolean
  /** Texts at which hosts were asked to stop: they are made, and cut off. */
  readonly stop: string | readonly string[] | null | undefined
  readonly affinity: AffinityKey | undefined
  /** Whether a shard has hosts enough for it, and room at them. */
  readonly suits: (shard: PoolShard) => boolean
  /** What it may cost and where it may go. Pure but for the die. */
  readonly plan: (shard: PoolShard, random: Random) => Result<Plan>
  /** Whether log-probabilities are asked for although the customer did not. */
  readonly samplesLogprobs: (random: Random) => boolean
  readonly hostBody: (candidate: Candidate, terms: HostTerms) => HostBody
  /** What a tokenizer counts of the prompt. */
  readonly promptTexts: (build: { readonly rendersReasoning: boolean }) => PromptTexts
  readonly relay: (identity: RelayIdentity, observe: Observe | undefined) => AnswerRelay
}

export type HostTerms = {
  readonly model: string
  readonly maxTokens: number
  readonly samplesLogprobs: boolean
}

export type HostBody = { readonly bytes: Buffer; readonly contentType: string }

export const jsonBody = (bytes: Buffer): HostBody => ({ bytes, contentType: 'application/json' })

/** What is handed on of a host's answer. */
export type Shown =
  /** As many as came at once. */
  | { readonly kind: 'chunks'; readonly chunks: readonly ChatChunk[] }
  | { readonly kind: 'document'; readonly document: Readonly<Record<string, unknown>> }

/** One host's answer on its way. */
export type AnswerRelay = {
  /** Undefined for what has no content. */
  readonly take: (batch: readonly HostContent[]) => Shown | undefined
  readonly hasContent: () => boolean
  /** The answer is whole. */
  readonly isFinished: () => boolean
  readonly totals: () => RelayTotals
}
