/**
 * How a node comes to trust a key that it did not hear of when it enrolled: a ticket root that it
 * trusts already has signed for it. A chain of such successions leads an agent that was off for years
 * from the root of its enrolment to the keys of today.
 */
import { domainHash } from './canonical.ts'
import { type Signer, verifyTagged } from './ed25519.ts'
import type { PublishedKey, PublishedKeys, Succession } from './published-keys.ts'
import { ticketLifeMsMax } from './ticket.ts'

type Successor = Pick<PublishedKey, 'key_id' | 'use' | 'public_key' | 'not_before_ms'>

export type TicketRoot = { readonly keyId: string; readonly signer: Signer }

export function signSuccession(stage: string, key: Successor, by: TicketRoot): Succession {
  const signature = by.signer.sign('b3iq:succession:v1', statementOf(stage, key))
  return { key_id: key.key_id, by_key_id: by.keyId, signature }
}

/**
 * The keys that the ticket roots in `roots` (public keys) lead to, themselves included where they are
 * published. Successions count in the order in which they are published, which is the oldest first.
 */
export function keysFollowing(
  { stage, keys, successions }: PublishedKeys,
  roots: readonly string[],
): readonly PublishedKey[] {
  const following = new Set(
    keys.filter(({ use, public_key }) => use === 'ticket_root' && roots.includes(public_key)),
  )
  const keyOf = (keyId: string) => keys.find(({ key_id }) => key_id === keyId)
  for (const { key_id, by_key_id, signature } of successions) {
    const key = keyOf(key_id)
    const by = keyOf(by_key_id)
    if (key === undefined || by?.use !== 'ticket_root' || !following.has(by)) continue
    const signed = { publicKey: by.public_key, signature }
    if (verifyTagged('b3iq:succession:v1', statementOf(stage, key), signed)) following.add(key)
  }
  return [...following]
}

/** Names a list of published keys; whoever holds the list of this name needs no other. */
export const publishedKeysDigest = (published: PublishedKeys): string =>
  domainHash('b3iq:published-keys:v1', published)

type Life = Pick<PublishedKey, 'not_before_ms' | 'not_after_ms'>

/** A ticket that was issued at the last moment may still be on its way. */
export const isEnded = ({ not_after_ms }: Pick<Life, 'not_after_ms'>, nowMs: number): boolean =>
  not_after_ms !== null && nowMs > not_after_ms + ticketLifeMsMax

/** Not to be told from a coming key by whoever trusts it: both are good until they end. */
export const keysNotEnded = (
  { keys }: Pick<PublishedKeys, 'keys'>,
  use: PublishedKey['use'],
  nowMs: number,
): readonly PublishedKey[] => keys.filter((key) => key.use === use && !isEnded(key, nowMs))

const statementOf = (stage: string, { use, key_id, public_key, not_before_ms }: Successor) => ({
  v: 1,
  stage,
  use,
  key_id,
  public_key,
  not_before_ms,
})
