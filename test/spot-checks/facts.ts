/** A reference, a sampling and readings as they are where nothing about them matters. */
import type { TopToken } from '../../src/spot-checks/compare.ts'
import { newSampling, type Sampling } from '../../src/spot-checks/policy.ts'
import type { Reference } from '../../src/spot-checks/reference.ts'
import { digest } from '../adapters/dynamodb/facts.ts'

export const tops: readonly TopToken[] = [
  { token: ' The', logprob: -0.5 },
  { token: ' A', logprob: -1.5 },
  { token: ' One', logprob: -2.5 },
  { token: ' Her', logprob: -3.5 },
  { token: ' His', logprob: -4.5 },
]

/** The same tokens, each likelier by `delta`. */
export const moved = (delta: number, top: readonly TopToken[] = tops): TopToken[] =>
  top.map(({ token, logprob }) => ({ token, logprob: logprob + delta }))

/** As a runtime writes it beside its first token. */
export const asLogprobs = (top: readonly TopToken[]) => ({
  content: [{ token: top[0]?.token, logprob: top[0]?.logprob, top_logprobs: top }],
})

export const aReading = (content: string, top = tops) => ({
  messages: [{ role: 'user' as const, content }],
  top: [...top],
})

export const aReference = (changes: Partial<Reference> = {}): Reference => ({
  profile_id: 'maker/model@q8',
  artifact_digest: digest,
  runtime_kind: 'vllm',
  runtime_version: 'b6600',
  tau: 0.02,
  readings: Array.from({ length: 12 }, (_, index) => aReading(`Question ${index}?`)),
  ...changes,
})

export const aSampling = (changes: Partial<Sampling> = {}): Sampling => ({
  ...newSampling(digest),
  ...changes,
})
