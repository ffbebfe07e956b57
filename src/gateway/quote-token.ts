/**
 * A quote as the customer keeps it: its terms in the open, and a MAC that only the gateway can make. Nothing
 * is stored until it is used.
 */
import { timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import { CataloguePrice } from '../protocol/catalogue.ts'
import { AccountId, KeyId, ModelId } from '../protocol/ids.ts'
import { keyedHash } from '../protocol/keyed-hash.ts'

const count = z.int().min(0)

export const Quote = z.strictObject({
  v: z.literal(1),
  /** What makes it usable once. */
  nonce: z.string().max(64),
  account: AccountId,
  key: KeyId,
  /** Endpoint of ours that it was asked for. */
  path: z.string().max(64),
  model: ModelId,
  price_version: count,
  /** Of the tiers that it is good for, in USD as the catalogue had them. */
  prices: z.array(CataloguePrice).max(24),
  prompt_bytes_max: count,
  prompt_tokens_max: count,
  /** Completion tokens of each choice, and choices. */
  window_tokens: count,
  choices: count,
  /** Images, or begun seconds of audio. */
  units_max: count,
  expires_at_ms: count,
})
export type Quote = z.infer<typeof Quote>

export const quoteLifeMs = 5 * 60_000

/** With the prices of all tiers; headers may hold twice as much. */
const tokenCharsMax = 8 * 1024

export function sealQuote(quote: Quote, secret: Buffer): string {
  const terms = Buffer.from(JSON.stringify(quote), 'utf8').toString('base64url')
  return `${terms}.${macOf(terms, secret).toString('base64url')}`
}

/** Undefined for anything that this stage did not make, or not in these terms. */
export function openQuote(token: string, secret: Buffer): Quote | undefined {
  const [terms = '', mac = '', ...rest] = token.split('.')
  if (token.length > tokenCharsMax || rest.length > 0) return undefined
  const given = Buffer.from(mac, 'base64url')
  const own = macOf(terms, secret)
  if (given.length !== own.length || !timingSafeEqual(given, own)) return undefined
  // One of the release before may have other terms.
  return Quote.safeParse(JSON.parse(Buffer.from(terms, 'base64url').toString('utf8'))).data
}

const macOf = (terms: string, secret: Buffer): Buffer =>
  keyedHash(secret, `b3iq:quote:v1\n${terms}`)
