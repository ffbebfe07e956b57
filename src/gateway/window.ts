/**
 * How many tokens of answer a request is held for. The client's number is kept as it is, or refused with
 * the reason; without one the window is ours, and small enough for the host to take it.
 */
import type { PricedModel } from '../catalogue/model.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { ApiError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'

export const askedWindow = (request: ChatRequest): number | undefined =>
  request.max_completion_tokens ?? request.max_tokens ?? undefined

/** What the model's own limits forbid, whichever host would serve it. */
export function windowFault(
  request: ChatRequest,
  model: PricedModel,
  promptTokensMin: number,
): ApiError | undefined {
  const { id, context_length: context, max_output_tokens: most } = model
  if (promptTokensMin >= context) {
    return {
      code: 'context_length_exceeded',
      param: 'messages',
      message: `The prompt has at least ${promptTokensMin} tokens; ${id} takes ${context}.`,
    }
  }
  const window = askedWindow(request)
  if (window === undefined) return undefined
  const param = request.max_completion_tokens == null ? 'max_tokens' : 'max_completion_tokens'
  if (window > most) {
    const message = `${param}: ${id} answers with at most ${most} tokens.`
    return { code: 'invalid_value', param, message }
  }
  if (promptTokensMin + window <= context) return undefined
  return {
    code: 'context_length_exceeded',
    param,
    message: `The prompt has at least ${promptTokensMin} tokens, ${param} is ${window}; ${id} takes ${context} together.`,
  }
}

/** What templates of some models say before the first message. */
const templateTokens = 64

/**
 * The bounded default. A runtime refuses a window that its context cannot hold beside the prompt, so the
 * prompt is taken at the most that it is likely to have; where that leaves nothing, a little is tried.
 */
export function ourWindow(
  prompt: { readonly least: number; readonly likelyMost: number; readonly most: number },
  model: PricedModel,
  contextLengths: readonly number[],
): number {
  const context = Math.min(model.context_length, ...contextLengths)
  const beside = context - Math.min(prompt.most, prompt.likelyMost + templateTokens)
  const little = Math.min(limits.minAffordableTokens, context - prompt.least)
  return Math.min(limits.defaultMaxTokens, model.max_output_tokens, Math.max(beside, little))
}
