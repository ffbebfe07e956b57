/**
 * One request to one host, paid for by the platform: the use case of any customer, over a pool of one. Hold,
 * settlement, receipt and the host's share are those of any request, and nothing of it can be told apart.
 */
import { allCapabilities } from '../fleet/pool.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import type { Question } from '../spot-checks/ports.ts'
import { chatWork } from './chat-work.ts'
import { type CompleteDeps, complete } from './complete.ts'
import type { CompletionEvent } from './completion-event.ts'

export function completeAt(
  deps: CompleteDeps,
  { request, key, model, candidate, grace }: Question,
  clientGone: AbortSignal,
): AsyncGenerator<CompletionEvent> {
  const startedAtMs = deps.nowMs()
  // Whoever measures must be let ask for what nobody has measured yet.
  const candidates = [{ ...candidate, capabilities: allCapabilities }]
  return complete(deps, {
    holdId: deps.ids.ulid(startedAtMs),
    work: chatWork(request, key, deps.random),
    bodySha256: sha256Hex(JSON.stringify(request)),
    key,
    shard: { model, builtAtMs: startedAtMs, grace, shards: 1, candidates, excludedBy: [] },
    startedAtMs,
    claim: undefined,
    clientGone,
  })
}
