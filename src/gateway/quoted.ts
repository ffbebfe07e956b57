/**
 * What a quote means to the request that is sent under it: its prices are those of the quote, and it may be
 * no larger than what was quoted. It locks prices and no supply.
 */
import type { PoolShard } from '../fleet/pool.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type Plan, withWindow } from './plan.ts'
import { openQuote, type Quote } from './quote-token.ts'

export const quoteHeader = 'x-b3iq-quote-id'
const quoteParam = 'X-B3IQ-Quote-ID'

/**
 * Undefined without the header. One that has expired is still told: what it was used for comes first.
 */
export function quoteOf(
  headers: Headers,
  of: {
    readonly key: CustomerKey
    readonly path: string
    readonly model: string
    readonly claimSecret: Buffer
  },
): Result<Quote | undefined> {
  const token = headers.get(quoteHeader)
  if (token === null) return ok(undefined)
  const quote = openQuote(token, of.claimSecret)
  const { key } = of
  if (!quote || quote.account !== key.accountId || quote.key !== key.keyId) {
    return mismatch('it is no quote of this key')
  }
  if (quote.path !== of.path) return mismatch(`it is for ${quote.path}`)
  if (quote.model !== of.model) return mismatch(`it is for ${quote.model}`)
  return ok(quote)
}

export const isExpired = ({ expires_at_ms: expiresAtMs }: Quote, nowMs: number): boolean =>
  expiresAtMs <= nowMs

export const quoteExpired = refuse('quote_expired', { param: quoteParam })

/** The shard as it was sold when the quote was made: tiers that it does not name are not sold under it. */
export const lockPrices = (shard: PoolShard, { prices, price_version: version }: Quote) => ({
  ...shard,
  model: { ...shard.model, prices, version },
})

/**
 * The plan as far as the quote goes. A window that nobody asked for is lowered to the quoted one, because it
 * depends on which hosts were drawn; whatever else is larger is another request.
 */
export function underQuote(quote: Quote, plan: Plan): Result<Plan> {
  const window = plan.windowIsOurs
    ? Math.min(plan.windowTokens, quote.window_tokens)
    : plan.windowTokens
  const beyond =
    exceeded('bytes of prompt', plan.promptBytes, quote.prompt_bytes_max) ??
    exceeded('tokens of prompt', plan.promptTokensMax, quote.prompt_tokens_max) ??
    exceeded('tokens of answer', window, quote.window_tokens) ??
    exceeded('choices', plan.choices, quote.choices) ??
    exceeded('units', plan.units?.most ?? 0, quote.units_max)
  return beyond === undefined ? ok(withWindow(plan, window)) : mismatch(beyond)
}

const exceeded = (of: string, asked: number, most: number): string | undefined =>
  asked > most ? `it is for at most ${most} ${of}, and the request has ${asked}` : undefined

const mismatch = (why: string): Result<never> =>
  refuse('quote_mismatch', {
    param: quoteParam,
    message: `The request does not match its quote: ${why}. Ask for a new one.`,
  })
