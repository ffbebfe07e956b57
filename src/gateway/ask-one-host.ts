/**
 * Asks one host as a customer would, for the platform: through the same use case, so that hold, settlement,
 * receipt and the host's share are those of any request, and nothing of it can be told apart.
 */
import { sha256Hex } from '../protocol/canonical.ts'
import type { AskOneHost } from '../spot-checks/ports.ts'
import { type CompleteDeps, complete } from './complete.ts'

export const makeAskOneHost =
  (deps: CompleteDeps): AskOneHost =>
  async ({ request, key, model, candidate, grace }) => {
    const startedAtMs = deps.nowMs()
    const candidates = [candidate]
    const shard = { model, builtAtMs: startedAtMs, grace, shards: 1, candidates, excludedBy: [] }
    const events = complete(deps, {
      holdId: deps.ids.ulid(startedAtMs),
      request,
      bodySha256: sha256Hex(JSON.stringify(request)),
      key,
      shard,
      startedAtMs,
      claim: undefined,
      clientGone: new AbortController().signal,
    })
    let hasContent = false
    let logprobs: unknown
    // Read to its end: what a host delivered is settled, also where it then breaks off.
    for await (const event of events) {
      if (event.kind === 'failed' && !hasContent) return { kind: 'failed', code: event.error.code }
      if (event.kind !== 'chunk' || hasContent) continue
      const first = event.chunk.choices.find(({ delta }) => delta.role === undefined)
      if (!first) continue
      hasContent = true
      logprobs = first.logprobs
    }
    return { kind: 'answered', logprobs }
  }
