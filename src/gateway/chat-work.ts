/** A chat request as work: what it asks of hosts, what it may cost, how its answer is relayed. */
import { hostBody, samplesLogprobs, wantsLogprobs } from '../dispatch/host-body.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { promptTexts } from '../metering/tokenizer-prompt.ts'
import type { ChatChunk } from '../protocol/chat-chunk.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { Random } from '../protocol/clock.ts'
import { affinityOf } from '../routing/affinity.ts'
import { planRequest } from './plan.ts'
import { makeRelay, type Relay } from './relay.ts'
import { hasHostsFor } from './route-policy.ts'
import { type AnswerRelay, jsonBody, type Work } from './work.ts'

export function chatWork(request: ChatRequest, key: CustomerKey, random: Random): Work {
  const { messages, tools } = request
  return {
    model: request.model,
    path: '/v1/chat/completions',
    isStreamed: request.stream === true,
    choices: request.n ?? 1,
    showsLogprobs: wantsLogprobs(request),
    stop: request.stop,
    affinity: affinityOf(request, key.accountId),
    suits: hasHostsFor(request, key, random),
    plan: (shard, die) => planRequest(request, key, shard, die),
    samplesLogprobs: (die) => samplesLogprobs(request, die),
    hostBody: ({ runtimeKind: kind }, terms) => jsonBody(hostBody(request, { kind, ...terms })),
    promptTexts: ({ rendersReasoning }) => promptTexts({ messages, tools, rendersReasoning }),
    relay: (identity, observe) => ofChunks(makeRelay(identity, observe)),
  }
}

/** An answer that comes as texts in chunks; a document in its place is none. */
export const ofChunks = (relay: Relay): AnswerRelay => ({
  ...relay,
  take: (batch) => {
    const chunks: ChatChunk[] = []
    for (const content of batch) {
      if (content.kind === 'chunk') chunks.push(...relay.take(content.chunk))
    }
    return chunks.length > 0 ? { kind: 'chunks', chunks } : undefined
  },
})
