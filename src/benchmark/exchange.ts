/**
 * One ordinary dispatch through the public route, clocked on our side. An answer counts only when
 * it is whole and the node signed for it; how fast it was is read from its events and our clock.
 */

import { createHash, type Hash } from 'node:crypto'
import * as z from 'zod'
import type { PricedModel } from '../catalogue/model.ts'
import type { AttemptFailure } from '../dispatch/attempt.ts'
import { finishReasonOf, makeToolCalls, type ToolCallPiece } from '../dispatch/dialects.ts'
import type { HostEvent } from '../dispatch/host-events.ts'
import type { Candidate } from '../fleet/pool.ts'
import { type ByteRatios, countTokens, promptBytes } from '../metering/count.ts'
import type { ProfileManifest } from '../protocol/catalogue.ts'
import { chunkText, type HostChunk } from '../protocol/chat-chunk.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import { isGenuineClaim, type SignedClaim } from '../protocol/claim.ts'
import type { NowMs } from '../protocol/clock.ts'
import type { TokenCounts } from '../protocol/usage.ts'

/** What is measured: one build, as one node serves it. */
export type Target = {
  readonly candidate: Candidate
  readonly model: PricedModel
  readonly manifest: ProfileManifest
}

export type Order = {
  readonly request: ChatRequest
  readonly maxTokens: number
  readonly signal: AbortSignal
}

/** Sees all that a host sends, as it comes. */
export type Seer = {
  /** The host is dialled now: what came before was our own. */
  readonly begins: () => void
  readonly see: (event: HostEvent | { readonly kind: 'timeout' }) => void
}

/** Carries one request to its host; resolves when the exchange is over, however it ended. */
export type Dispatch = (target: Target, order: Order, seer: Seer) => Promise<DispatchEnd>
export type DispatchEnd =
  | { readonly kind: 'over'; readonly ticketHash: string }
  /** `unpaid`: whoever was to pay could not for this request, and no host was asked. */
  | { readonly kind: 'failed'; readonly reason: AttemptFailure | 'unpaid' }

export type Answer = {
  readonly kind: 'answered'
  /** Undefined where the answer holds no text. */
  readonly firstContentMs: number | undefined
  readonly lastContentMs: number
  /** Frames with text, and the bytes of the first of them. */
  readonly frames: number
  readonly firstFrameBytes: number
  readonly bytes: number
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: string | undefined
  readonly hasLogprobs: boolean
  readonly counted: TokenCounts
  /** The node's signed word; null where its runtime reports no usage. */
  readonly claimed: TokenCounts | null
}
export type ToolCall = { readonly name: string; readonly arguments: string }

export type Unanswered = {
  readonly kind: 'failed'
  readonly reason: AttemptFailure | 'unpaid' | 'host_error' | 'cut' | 'unclaimed' | 'too_long'
  /** What came before it failed; for answers that we cut ourselves. */
  readonly firstContentMs: number | undefined
  readonly completionTokens: number
}
export type Outcome = Answer | Unanswered

/** As OpenAI streams them: the chosen token's and its rivals'. */
const TopLogprobs = z.looseObject({
  content: z
    .array(
      z.looseObject({
        logprob: z.number(),
        top_logprobs: z.array(z.looseObject({ logprob: z.number() })).min(1),
      }),
    )
    .min(1),
})

/** Far above what any tokenizer makes of a token: beyond this a host does not end. */
const bytesPerTokenMax = 64

export async function exchange(
  deps: { readonly dispatch: Dispatch; readonly nowMs: NowMs },
  target: Target,
  order: Order & {
    /** Told with the first content; who aborts `signal` then has the answer cut there. */
    readonly onFirstContent?: (() => void) | undefined
  },
): Promise<Outcome> {
  const { candidate, manifest } = target
  const { request, maxTokens } = order
  const reading = makeReading(deps.nowMs, maxTokens, order.onFirstContent)
  const enough = new AbortController()
  let failure: Unanswered['reason'] | undefined
  const dispatched = await deps.dispatch(
    target,
    { request, maxTokens, signal: AbortSignal.any([order.signal, enough.signal]) },
    {
      begins: reading.begins,
      see: (event) => {
        failure ??= reading.see(event)
        if (failure !== undefined) enough.abort()
      },
    },
  )
  const { seen } = reading
  const counted = countedOf(request, seen.bytes, manifest.bytes_per_token)
  const unanswered = (reason: Unanswered['reason']): Unanswered => ({
    kind: 'failed',
    reason,
    firstContentMs: seen.firstContentMs,
    completionTokens: counted.completion,
  })
  if (dispatched.kind === 'failed') return unanswered(dispatched.reason)
  if (failure !== undefined) return unanswered(failure)
  if (seen.finishReason === undefined) return unanswered('cut')
  const { claim, output, toolCalls, ...rest } = seen
  const { ticketHash } = dispatched
  const isClaimed =
    claim !== undefined &&
    isGenuineClaim(claim, { candidate, ticketHash, outputSha256: output.digest('hex') })
  if (!isClaimed) return unanswered('unclaimed')
  return {
    kind: 'answered',
    ...rest,
    toolCalls: [...toolCalls.values()],
    counted,
    claimed: claim.claim.usage,
  }
}

function countedOf(request: ChatRequest, bytes: number, ratios: ByteRatios): TokenCounts {
  return countTokens({ prompt: promptBytes(request), completion: bytes }, ratios)
}

type Reading = {
  firstContentMs: number | undefined
  lastContentMs: number
  frames: number
  firstFrameBytes: number
  bytes: number
  text: string
  toolCalls: Map<number, ToolCall>
  finishReason: string | undefined
  hasLogprobs: boolean
  claim: SignedClaim | undefined
  output: Hash
}

function makeReading(nowMs: NowMs, maxTokens: number, onFirstContent: (() => void) | undefined) {
  let startedAtMs = nowMs()
  const seen: Reading = {
    firstContentMs: undefined,
    lastContentMs: 0,
    frames: 0,
    firstFrameBytes: 0,
    bytes: 0,
    text: '',
    toolCalls: new Map(),
    finishReason: undefined,
    hasLogprobs: false,
    claim: undefined,
    output: createHash('sha256'),
  }
  const bytesMax = maxTokens * bytesPerTokenMax
  const calls = makeToolCalls((index) => `call_${index}`)

  function seeText(chunk: HostChunk): void {
    const text = chunkText(chunk)
    if (text === '') return
    const bytes = Buffer.byteLength(text, 'utf8')
    seen.output.update(text, 'utf8')
    seen.lastContentMs = nowMs() - startedAtMs
    seen.frames += 1
    seen.bytes += bytes
    if (seen.firstContentMs !== undefined) return
    seen.firstContentMs = seen.lastContentMs
    seen.firstFrameBytes = bytes
    onFirstContent?.()
  }

  function seeChoices({ choices }: HostChunk): void {
    for (const { index, delta, finish_reason, logprobs } of choices) {
      // One is asked for; of others a customer would see nothing.
      if (index !== 0) continue
      seen.hasLogprobs ||= TopLogprobs.safeParse(logprobs).success
      seen.text += delta?.content ?? ''
      seeCalls(calls.take(delta?.tool_calls ?? []))
      const reason = finishReasonOf(finish_reason ?? '', !calls.isEmpty())
      if (reason !== undefined) seeCalls(calls.rest())
      seen.finishReason = reason ?? seen.finishReason
    }
  }

  function seeCalls(pieces: readonly ToolCallPiece[]): void {
    for (const { index, function: called } of pieces) {
      const before = seen.toolCalls.get(index)
      seen.toolCalls.set(index, {
        name: before?.name ?? called.name ?? '',
        arguments: `${before?.arguments ?? ''}${called.arguments}`,
      })
    }
  }

  /** A reason when there is nothing more to read. */
  function see(event: Parameters<Seer['see']>[0]): Unanswered['reason'] | undefined {
    switch (event.kind) {
      case 'timeout':
        return 'timed_out'
      case 'error':
        return 'host_error'
      case 'claim':
        seen.claim = event.claim
        return undefined
      case 'done':
      // No text ever comes as a document.
      case 'document':
        return undefined
      case 'chunk':
        seeText(event.chunk)
        seeChoices(event.chunk)
        return seen.bytes > bytesMax ? 'too_long' : undefined
    }
  }
  return {
    seen,
    see,
    begins: () => {
      startedAtMs = nowMs()
    },
  }
}
