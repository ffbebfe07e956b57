/** A settled request as the ends of a completion carry it. */
import type { CompletionEvent } from '../../src/gateway/completion-event.ts'
import type { RelayIdentity } from '../../src/gateway/relay.ts'
import { chunkOf } from '../../src/gateway/relay.ts'
import type { StartedEvent } from '../../src/gateway/serve.ts'
import type { Settled } from '../../src/gateway/settle-request.ts'
import type { ChatDelta } from '../../src/protocol/chat-chunk.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { genuineReceipt } from './genuine-receipt.ts'

export const identity: RelayIdentity = {
  requestId: '01JABCDEFGHJKMNPQRSTVWXYZ0',
  createdSec: 1_700_000_000,
  model: 'maker/model',
  choices: 1,
}

const receipt = genuineReceipt()
export const usage = {
  prompt_tokens: 120,
  completion_tokens: 34,
  total_tokens: 154,
  prompt_tokens_details: { cached_tokens: 20 },
}
export const settled: Settled = {
  receipt,
  summary: {
    receipt_hash: receipt.receipt_hash,
    node_receipt_hash: null,
    request_id: identity.requestId,
    cost_usd: receipt.body.charge.charge_usd,
    benchmark_cost_usd: '1',
    saved_usd: '0.5',
    salt: 'c2FsdA',
    stopped_by: null,
    retries: 0,
    route_tier: 'network_beta',
    trust_tier: 'T0',
    usage,
  },
}

export const started: StartedEvent = {
  kind: 'started',
  candidate: {
    ...aCandidate(),
    price: {
      promptNanoUsdPerMTok: 1n,
      cachedPromptNanoUsdPerMTok: 1n,
      completionNanoUsdPerMTok: 1n,
    },
  },
  retries: 0,
  overheadMs: 1,
}
export const chunk = (delta: ChatDelta, index = 0): CompletionEvent => ({
  kind: 'chunks',
  chunks: [chunkOf(identity, [{ index, delta, finish_reason: null }])],
})
export const finished = (...reasons: readonly [number, string][]): CompletionEvent => ({
  kind: 'finished',
  finishReasons: new Map(reasons),
  settled,
})
