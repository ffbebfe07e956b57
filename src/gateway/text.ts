/**
 * `POST /v1/completions`: one text that a model goes on with. Hold, hosts and window are those of a chat of one
 * message; the prompt is counted as it stands, because no template is put around it.
 */
import {
  asChat,
  textBody,
  textFault,
  textLogprobsOf,
  wantsTextLogprobs,
} from '../dispatch/text-body.ts'
import type { PoolShard } from '../fleet/pool.ts'
import { readJsonBytes } from '../http/read-json.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import type { Random } from '../protocol/clock.ts'
import { CompletionRequest, promptOf } from '../protocol/completion-request.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { affinityOf } from '../routing/affinity.ts'
import { ofChunks } from './chat-work.ts'
import type { Endpoint } from './inference.ts'
import { type Plan, planRequest } from './plan.ts'
import { makeRelay } from './relay.ts'
import { hasHostsFor } from './route-policy.ts'
import { textForm } from './text-form.ts'
import { jsonBody, type Work } from './work.ts'

export const textEndpoint: Endpoint<CompletionRequest> = {
  read: (http) => readJsonBytes(http, CompletionRequest, limits.requestBodyBytes),
  work: async ({ random }, request, key) => {
    const fault = textFault(request)
    if (fault) return { ok: false, error: { code: 'unsupported_parameter', ...fault } }
    return ok(textWork(request, key, random))
  },
  form: (request) =>
    textForm({
      isStream: request.stream === true,
      includeUsage: request.stream_options?.include_usage === true,
      prefix: request.echo === true ? promptOf(request) : '',
    }),
}

export function textWork(request: CompletionRequest, key: CustomerKey, random: Random): Work {
  const chat = asChat(request)
  return {
    model: request.model,
    path: '/v1/completions',
    isStreamed: request.stream === true,
    choices: request.n ?? 1,
    showsLogprobs: wantsTextLogprobs(request),
    stop: request.stop,
    affinity: affinityOf(chat, key.accountId),
    suits: hasHostsFor(chat, key, random),
    plan: (shard, die) => planText(request, key, shard, die),
    // No spot check asks for a plain completion, so none has to look like one.
    samplesLogprobs: () => false,
    hostBody: ({ runtimeKind: kind }, terms) => jsonBody(textBody(request, { kind, ...terms })),
    promptTexts: () => ({ texts: [promptOf(request)], marked: 0, isRaw: true }),
    relay: (identity, observe) => ofChunks(makeRelay(identity, observe)),
  }
}

function planText(
  request: CompletionRequest,
  key: CustomerKey,
  shard: PoolShard,
  random: Random,
): Result<Plan> {
  const kinds = shard.model.profiles.flatMap((profile) => profile.runtime_kinds)
  const isScored = kinds.length === 0 || kinds.some((kind) => textLogprobsOf.includes(kind))
  if (wantsTextLogprobs(request) && !isScored) {
    const message = 'logprobs: no runtime of this model gives them with plain completions.'
    return refuse('unsupported_parameter', { param: 'logprobs', message })
  }
  const planned = planRequest(asChat(request), key, ableOf(request, shard), random)
  if (planned.ok) {
    return ok({ ...planned.value, promptBytes: Buffer.byteLength(promptOf(request), 'utf8') })
  }
  const { error } = planned
  return error.param === 'messages' ? { ok: false, error: { ...error, param: 'prompt' } } : planned
}

/** Where log-probabilities are asked for, without the kinds that give them in chats alone. */
function ableOf(request: CompletionRequest, shard: PoolShard): PoolShard {
  if (!wantsTextLogprobs(request)) return shard
  const candidates = shard.candidates.filter(({ runtimeKind }) =>
    textLogprobsOf.includes(runtimeKind),
  )
  return candidates.length === shard.candidates.length
    ? shard
    : { ...shard, candidates, excludedBy: [...shard.excludedBy, 'require_parameters'] }
}
