/**
 * What works through the public route, seen and not believed. Tools and schemas are asked for a
 * number that was never asked for before, so that no stored answer passes.
 */
import * as z from 'zod'
import { givesLogprobs } from '../dispatch/host-body.ts'
import type { Capabilities } from '../fleet/node.ts'
import type { ChatRequest } from '../protocol/chat-request.ts'
import type { Answer } from './exchange.ts'
import type { Session, SessionOutcome } from './session.ts'
import { checkVision } from './vision-check.ts'

/** What one request shows. The rest is seen in the answers to all requests, or takes several. */
export type CheckedCapabilities = Pick<
  Capabilities,
  'stop' | 'tools' | 'jsonSchema' | 'logprobs' | 'vision'
>

const promptTokens = 48
/** A call or a short document, and a few words before it. */
const answerTokens = 96

export async function checkCapabilities(session: Session): Promise<CheckedCapabilities> {
  const found = { stop: false, tools: false, jsonSchema: false, logprobs: false }
  const checks = { stop: checkStop, tools: checkTools, jsonSchema: checkSchema, logprobs: checkTop }
  for (const name of ['stop', 'tools', 'jsonSchema', 'logprobs'] as const) {
    if (session.isOver('checks')) break
    found[name] = await checks[name](session)
  }
  if (session.target.manifest.image_tokens_max === undefined) return found
  return { ...found, vision: !session.isOver('checks') && (await checkVision(session)) }
}

/** Over the runs that measured speed: one miss is chance, more are the rule. */
export function seenInAll(answers: readonly Answer[], test: (answer: Answer) => boolean): boolean {
  return answers.length > 0 && answers.filter(test).length >= 0.9 * answers.length
}

export const hasUsage = ({ claimed }: Answer): boolean => claimed !== null

async function checkStop(session: Session): Promise<boolean> {
  // Hardly a word of any language in these letters lacks all four.
  const stop = ['a', 'e', 'i', 'o']
  const request = session.prompt(promptTokens, 'Tell a story with these words.')
  const answer = answered(await ask(session, { ...request, stop }))
  return answer?.finishReason === 'stop' && !stop.some((text) => answer.text.includes(text))
}

async function checkTools(session: Session): Promise<boolean> {
  const orderId = freshNumber(session)
  const name = 'look_up_order'
  const request = session.prompt(promptTokens, `Look up the order ${orderId} with the tool.`)
  // The schema names the number as well: what is measured is that the runtime calls the tool and keeps
  // its schema, not that the model reads.
  const parameters = {
    type: 'object',
    properties: { order_id: { type: 'integer', enum: [orderId] } },
    required: ['order_id'],
    additionalProperties: false,
  }
  const tool = {
    type: 'function',
    function: { name, description: 'Looks up an order.', parameters },
  }
  const tool_choice = { type: 'function', function: { name } } as const
  const answer = answered(await ask(session, { ...request, tools: [tool], tool_choice }))
  const called = answer?.toolCalls[0]
  return called?.name === name && isOf(z.object({ order_id: z.literal(orderId) }), called.arguments)
}

async function checkSchema(session: Session): Promise<boolean> {
  const reference = `r${freshNumber(session)}`
  const request = session.prompt(promptTokens, `Answer in JSON, with the reference ${reference}.`)
  const schema = {
    type: 'object',
    properties: { reference: { type: 'string', enum: [reference] }, ok: { type: 'boolean' } },
    required: ['reference', 'ok'],
    additionalProperties: false,
  }
  const json_schema = { name: 'reply', strict: true, schema }
  const response_format = { type: 'json_schema', json_schema } as const
  const answer = answered(await ask(session, { ...request, response_format }))
  const Reply = z.strictObject({ reference: z.literal(reference), ok: z.boolean() })
  return answer !== undefined && isOf(Reply, answer.text)
}

async function checkTop(session: Session): Promise<boolean> {
  if (!givesLogprobs(session.target.candidate.runtimeKind)) return false
  const request = session.prompt(promptTokens, 'Tell a story with these words.')
  const answer = answered(await ask(session, { ...request, logprobs: true, top_logprobs: 5 }))
  return answer?.hasLogprobs === true
}

/**
 * Whether slots are free again when their answers are cut: as many requests as the node takes are
 * cut at their first content, and the next one must not wait for what would have followed.
 */
export async function checkAbort(
  session: Session,
  { concurrency, firstContentMsMax }: { concurrency: number; firstContentMsMax: number },
): Promise<boolean> {
  const { limits, budget } = session
  const shareTokens = Math.floor(session.tokensLeft() / concurrency) - 2 * promptTokens
  const roomTokens = Math.min(limits.outputTokensMax, Math.floor(limits.contextTokens / 2))
  const maxTokens = Math.max(promptTokens, Math.min(roomTokens, shareTokens, cutTokensMax))
  const cut = await Promise.all(
    Array.from({ length: concurrency }, () => askAndCut(session, maxTokens)),
  )
  if (!cut.every(Boolean)) return false
  const startedMs = session.elapsedMs()
  for (let tries = 0; tries < abortTriesMax; tries += 1) {
    const request = session.prompt(promptTokens, 'Tell a story with these words.')
    const outcome = await session.ask(request, { maxTokens: 8, patience: 0 })
    if (outcome.kind === 'unasked') return false
    if (outcome.kind === 'answered') {
      const waitedMs = session.elapsedMs() - startedMs
      return waitedMs <= firstContentMsMax + budget.pauseMs * abortTriesMax
    }
    if (outcome.reason !== 'busy') return false
    await session.pause(budget.pauseMs)
  }
  return false
}

const abortTriesMax = 3
/** Long enough that a slot which nobody frees is still taken when the next request comes. */
const cutTokensMax = 1024

async function askAndCut(session: Session, maxTokens: number): Promise<boolean> {
  const cut = new AbortController()
  const request = session.prompt(promptTokens, 'Tell a long story with these words.')
  const outcome = await session.ask(request, {
    maxTokens,
    signal: cut.signal,
    onFirstContent: () => cut.abort(),
  })
  return outcome.kind === 'failed' && outcome.firstContentMs !== undefined
}

const ask = (session: Session, request: ChatRequest): Promise<SessionOutcome> =>
  session.ask(request, { maxTokens: Math.min(answerTokens, session.limits.outputTokensMax) })

const answered = (outcome: SessionOutcome): Answer | undefined =>
  outcome.kind === 'answered' ? outcome : undefined

/** Six digits, which no stored answer holds. */
const freshNumber = ({ random }: Session): number => 100_000 + Math.floor(random() * 900_000)

function isOf(schema: z.ZodType, json: string): boolean {
  try {
    return schema.safeParse(JSON.parse(json)).success
  } catch {
    return false
  }
}
