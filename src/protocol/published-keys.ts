/**
 * The public halves of a stage's signing keys, as `/.well-known/b3iq/keys.json` and heartbeats show them:
 * those in use, those that come, and all that were ever in use, so that nothing signed loses its proof.
 */
import * as z from 'zod'
import { PublicKey, Signature } from './ed25519.ts'

export const PublishedKey = z.object({
  key_id: z.string(),
  use: z.enum(['receipt', 'ticket_root', 'job']),
  public_key: PublicKey,
  /** In the future for a key that is announced and signs nothing yet. */
  not_before_ms: z.int(),
  /** Null while no successor has been adopted. */
  not_after_ms: z.int().nullable(),
})
export type PublishedKey = z.infer<typeof PublishedKey>

const KeyName = z.string().min(1).max(64)

/** `signature` is the ticket root's of `by_key_id`, over stage, use, id, public key and start of `key_id`. */
export const Succession = z.strictObject({
  key_id: KeyName,
  by_key_id: KeyName,
  signature: Signature,
})
export type Succession = z.infer<typeof Succession>

/** Above what a stage's secrets have room for. */
const publishedMax = 256

export const PublishedKeys = z.object({
  stage: z.string(),
  keys: z.array(PublishedKey).max(publishedMax),
  /** Oldest first: who trusts a ticket root of the past is led to the keys of today. */
  successions: z.array(Succession).max(publishedMax).default([]),
})
export type PublishedKeys = z.infer<typeof PublishedKeys>
