/**
 * One request to one host, paid for by the platform: the use case of any customer, over a pool of one. Hold,
 * settlement, receipt and the host's share are those of any request, and nothing of it can be told apart.
 */
import type { PricedModel } from '../catalogue/model.ts'
import type { Grace } from '../fleet/node.ts'
import type { Candidate } from '../fleet/pool.ts'
import { allCapabilities } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import type { Question } from '../spot-checks/ports.ts'
import { chatWork } from './chat-work.ts'
import { type CompleteDeps, complete } from './complete.ts'
import type { CompletionEvent } from './completion-event.ts'
import type { Work } from './work.ts'

export const completeAt = (
  deps: CompleteDeps,
  { request, ...question }: Question,
  clientGone: AbortSignal,
): AsyncGenerator<CompletionEvent> =>
  workAt(
    deps,
    {
      ...question,
      work: chatWork(request, question.key, deps.random),
      bodySha256: sha256Hex(JSON.stringify(request)),
    },
    clientGone,
  )

/** Whom to ask, for whose money, and what. */
export type WorkAt = {
  readonly work: Work
  readonly bodySha256: string
  readonly key: CustomerKey
  readonly model: PricedModel
  readonly candidate: Candidate
  readonly grace: Grace | undefined
}

export function workAt(
  deps: CompleteDeps,
  { work, bodySha256, key, model, candidate, grace }: WorkAt,
  clientGone: AbortSignal,
): AsyncGenerator<CompletionEvent> {
  const startedAtMs = deps.nowMs()
  // Whoever measures must be let ask for what nobody has measured yet.
  const candidates = [{ ...candidate, capabilities: allCapabilities }]
  return complete(deps, {
    holdId: deps.ids.ulid(startedAtMs),
    work,
    bodySha256,
    key,
    shard: { model, builtAtMs: startedAtMs, grace, shards: 1, candidates, excludedBy: [] },
    startedAtMs,
    claim: undefined,
    clientGone,
  })
}
