/** The order of a short chat to a real agent. */
import { ids, nowMs } from '../../src/adapters/system.ts'
import type { AttemptOrder } from '../../src/dispatch/attempt.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { artifactDigest, chatBody } from '../apps/host/support/gateway.ts'

export function chatOrderTo(route: {
  readonly nodeId: string
  readonly publicKey: string
  readonly routeUrl: string
  readonly routeEpoch: number
}): AttemptOrder {
  return {
    candidate: aCandidate({ ...route, artifactDigest }),
    holdId: ids.ulid(nowMs()),
    attempt: 1,
    path: '/v1/chat/completions',
    body: Buffer.from(chatBody()),
    maxTokens: 64,
    choices: 1,
    priceVersion: 1,
    signal: AbortSignal.timeout(10_000),
  }
}
