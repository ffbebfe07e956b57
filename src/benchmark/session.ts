/**
 * The frame of one run: every request goes through here and is charged to the run's tokens and time.
 * Whatever a host does, no run asks for more than its budget.
 */
import { countTokens, promptBytes } from '../metering/count.ts'
import { imageUrls } from '../metering/images.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { Ids, NowMs, Random, Sleep } from '../protocol/clock.ts'
import type { BenchmarkBudget } from './budget.ts'
import { type Dispatch, exchange, type Outcome, type Target } from './exchange.ts'
import { type ModelLimits, type Phase, phaseEndMs } from './plan.ts'
import { freshPrompt } from './prompts.ts'

export type SessionDeps = {
  readonly dispatch: Dispatch
  readonly ids: Pick<Ids, 'token'>
  readonly nowMs: NowMs
  readonly sleep: Sleep
  readonly random: Random
}

export type Asking = {
  readonly maxTokens: number
  readonly signal?: AbortSignal
  readonly onFirstContent?: () => void
  /** How often a signed `busy` is heard before it is an answer. */
  readonly patience?: number
}

/** `unasked`: the run's tokens or its time did not suffice. */
export type SessionOutcome = Outcome | { readonly kind: 'unasked' }

export type Session = {
  readonly budget: BenchmarkBudget
  readonly limits: ModelLimits
  readonly target: Target
  readonly random: Random
  readonly pause: (durationMs: number) => Promise<void>
  readonly elapsedMs: () => number
  readonly isOver: (phase: Phase) => boolean
  readonly tokensLeft: () => number
  /** Tokens of the longest prompt that was answered. */
  readonly longestPrompt: () => number
  /** A prompt of about so many tokens that nobody has seen, with `task` at its end. */
  readonly prompt: (tokens: number, task: string) => ChatRequest
  readonly ask: (request: ChatRequest, asking: Asking) => Promise<SessionOutcome>
}

const busyPatience = 3

export function openSession(deps: SessionDeps, target: Target, budget: BenchmarkBudget): Session {
  const startedAtMs = deps.nowMs()
  const runOver = AbortSignal.timeout(budget.durationMs)
  const ratios = target.manifest.bytes_per_token
  let tokensLeft = budget.tokensMax
  let longestPrompt = 0
  const elapsedMs = () => deps.nowMs() - startedAtMs

  async function askOnce(request: ChatRequest, asking: Asking): Promise<SessionOutcome> {
    const bytes = promptBytes({ messages: request.messages, tools: request.tools })
    const counted = countTokens({ prompt: bytes, completion: 0 }, ratios)
    const prompt = counted.prompt + imageTokensOf(request.messages, target)
    const priceTokens = prompt + asking.maxTokens
    if (priceTokens > tokensLeft || runOver.aborted) return { kind: 'unasked' }
    tokensLeft -= priceTokens
    const signals = [runOver, AbortSignal.timeout(budget.requestTimeoutMs)]
    const outcome = await exchange(deps, target, {
      request,
      maxTokens: asking.maxTokens,
      signal: AbortSignal.any(asking.signal ? [...signals, asking.signal] : signals),
      onFirstContent: asking.onFirstContent,
    })
    tokensLeft += priceTokens - spentTokens(outcome, prompt)
    if (outcome.kind === 'answered' && outcome.frames > 0) {
      // Some runtimes cut a long prompt without a word, but not in their usage.
      const read = Math.min(outcome.counted.prompt, outcome.claimed?.prompt ?? prompt)
      longestPrompt = Math.max(longestPrompt, read)
    }
    return outcome
  }

  return {
    budget,
    limits: {
      contextTokens: Math.min(target.candidate.contextLength, target.model.context_length),
      outputTokensMax: target.model.max_output_tokens,
    },
    target,
    random: deps.random,
    pause: (durationMs) => deps.sleep(durationMs, runOver),
    elapsedMs,
    isOver: (phase) => runOver.aborted || elapsedMs() >= phaseEndMs(phase, budget),
    tokensLeft: () => tokensLeft,
    longestPrompt: () => longestPrompt,
    prompt: (tokens, task) => {
      const content = freshPrompt(deps, Math.floor(tokens * ratios.prompt.mean), task)
      const messages = [{ role: 'user' as const, content }]
      return { model: target.model.id, messages, temperature: 0 }
    },
    ask: async (request, asking) => {
      const patience = asking.patience ?? busyPatience
      for (let heard = 0; ; heard += 1) {
        const outcome = await askOnce(request, asking)
        const isBusy = outcome.kind === 'failed' && outcome.reason === 'busy'
        if (!isBusy || heard >= patience) return outcome
        await deps.sleep(budget.pauseMs, runOver)
      }
    },
  }
}

/** No count covers images: each is charged at the most that it may take. */
const imageTokensOf = (messages: ChatRequest['messages'], { manifest }: Target): number =>
  imageUrls(messages).length * (manifest.image_tokens_max ?? 0)

/** What a request took of the run's tokens: what we asked for, and what came. */
function spentTokens(outcome: Outcome, prompt: number): number {
  if (outcome.kind === 'answered') return prompt + outcome.counted.completion
  const wasNeverRead = outcome.reason === 'busy' || outcome.reason === 'connect_failed'
  return wasNeverRead ? 0 : prompt + outcome.completionTokens
}
