/**
 * Which host a conversation belongs to. Its turns begin alike, and a runtime keeps what it has read, so
 * they go to one host while that has room. Every gateway works this out alone, from the request and the
 * candidates: there is no table of conversations, and nothing to agree upon.
 */
import { createHash } from 'node:crypto'
import type { ChatMessage, ChatRequest } from '../protocol/chat-request.ts'

/** SHA-256 in hex. An account is part of each of its keys, so no other account can make one. */
export type AffinityKey = string

/** Of each message; what differs only behind these is one conversation as far as routing goes. */
const prefixChars = 8 * 1024

export type Addressed = Pick<ChatRequest, 'session_id' | 'prompt_cache_key' | 'messages'>

/** Undefined where a request names no session and neither instructs nor asks. */
export function affinityOf(request: Addressed, accountId: string): AffinityKey | undefined {
  const { session_id: session, prompt_cache_key: cacheKey } = request
  if (session) return keyOf([accountId, 'session', session])
  if (cacheKey) return keyOf([accountId, 'cache', cacheKey])
  const system = request.messages.find(({ role }) => role === 'system' || role === 'developer')
  const user = request.messages.find(({ role }) => role === 'user')
  return system || user
    ? keyOf([accountId, 'messages', beginningOf(system), beginningOf(user)])
    : undefined
}

/** Bounded, and unlike for any two lists: what JSON writes can be read back. */
const keyOf = (parts: readonly string[]): AffinityKey =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

function beginningOf(message: ChatMessage | undefined): string {
  const content = message?.content
  if (typeof content === 'string') return content.slice(0, prefixChars)
  let text = ''
  for (const part of content ?? []) {
    const room = prefixChars - text.length
    if (room <= 0) break
    text += (part.type === 'text' ? part.text : part.image_url.url).slice(0, room)
  }
  return text
}

/**
 * How strongly a key is drawn to a place, the same wherever it is worked out: the place of the
 * strongest pull has the key (rendezvous hashing). Of many keys each place has as many as its share of
 * all weights; a place that comes or goes, or weighs more than before, moves no others than its own.
 */
export const pullOf = (key: AffinityKey, place: string, weight: number): number =>
  pullsOf(key)(hashOfPlace(place), weight)

/** The same of many places, each by its hash: that is worked out once for all the requests that weigh it. */
export function pullsOf(key: AffinityKey): (placeHash: number, weight: number) => number {
  const seed = Number.parseInt(key.slice(0, 8), 16)
  return (placeHash, weight) => weight / -Math.log(unitOf(seed ^ placeHash))
}

/** Where a key stands in the pool, from 0 up to 1, whatever draws it to a host there. */
export const placeOf = (key: AffinityKey): number =>
  // Other bits than those of the pull, lest a shard's keys crowd at some of its hosts.
  Number.parseInt(key.slice(8, 16), 16) / 2 ** 32

/**
 * At most `count` of so many shards, from a place in the pool on and around its end. Shards are runs
 * of nodes in one order, so as hosts come and go a place keeps its neighbours, though they move into other
 * shards.
 */
export const shardsAt = (place: number, shards: number, count: number): readonly number[] =>
  Array.from(
    { length: Math.min(count, shards) },
    (_, step) => (Math.floor(place * shards) + step) % shards,
  )

/** FNV-1a: 32 bits. */
export function hashOfPlace(place: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < place.length; at += 1) {
    hash = Math.imul(hash ^ place.charCodeAt(at), 0x01000193)
  }
  return hash
}

/** Above 0 and below 1: MurmurHash3's mixer, so that every bit counts. */
function unitOf(bits: number): number {
  let hash = bits
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32
}
