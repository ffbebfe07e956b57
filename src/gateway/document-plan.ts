/** What a request for one document may cost and where it may go. Pure, as the plan of a chat is. */
import type { PoolShard } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { inputBytes, inputTokensBound } from '../metering/count.ts'
import type { Random } from '../protocol/clock.ts'
import type { ApiError } from '../protocol/errors.ts'
import { modalityOf } from '../protocol/host-path.ts'
import { ok, type Result } from '../protocol/result.ts'
import type { DocumentOrder } from './document-order.ts'
import { pickHosts } from './pick-hosts.ts'
import { type Plan, promptTokensLeast, withWindow } from './plan.ts'
import { policyFor } from './route-policy.ts'

export function planDocument(
  order: DocumentOrder,
  key: CustomerKey,
  shard: PoolShard,
  random: Random,
): Result<Plan> {
  const { path, provider, texts, units } = order
  const lengths = texts.map((text) => promptTokensLeast(shard, Buffer.byteLength(text, 'utf8')))
  const fault = lengthFault(lengths, shard)
  if (fault) return { ok: false, error: fault }
  const picked = pickHosts(shard, key, {
    // No answer has to fit beside it: a text as long as the context is read.
    policy: policyFor(
      { provider, needs: [], sells: modalityOf[path] },
      key,
      Math.max(1, ...lengths) - 1,
    ),
    unableBecause: () => undefined,
    draw: { affinity: undefined, random },
  })
  if (!picked.ok) return picked
  const plan = {
    candidates: picked.value,
    choices: 1,
    promptBytes: inputBytes(texts),
    reasoningBytes: 0,
    promptTokensMax: inputTokensBound(texts),
    imageTokensMax: 0,
    units,
    windowIsOurs: false,
  }
  return ok(withWindow(plan, 0))
}

/** Each text is read by itself, so each must fit by itself; `lengths` in tokens, at the least. */
function lengthFault(lengths: readonly number[], { model }: PoolShard): ApiError | undefined {
  const { id, context_length: context } = model
  const at = lengths.findIndex((length) => length > context)
  const length = lengths[at]
  if (length === undefined) return undefined
  const param = lengths.length === 1 ? 'input' : `input.${at}`
  const message = `${param} has at least ${length} tokens; ${id} takes ${context} in one text.`
  return { code: 'context_length_exceeded', param, message }
}
