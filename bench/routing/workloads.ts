/** Three kinds of customers. All are seeded, so every rival meets the same requests. */
import { type AffinityKey, affinityOf } from '../../src/routing/affinity.ts'
import type { Stream } from '../../test/sim/engine/random.ts'
import type { Work } from './hosts.ts'
import type { Piece } from './prefix-cache.ts'

export type Asked = Work & { readonly affinity: AffinityKey | undefined }

/** The first request, and what follows once an answer has been read; undefined after the last. */
export type Conversation = {
  readonly first: Asked
  readonly next: (said: Asked) => { readonly asked: Asked; readonly afterMs: number } | undefined
}

export type Workload = {
  /** Conversations a second that take about two fifths of fifty hosts' slots where all goes well. */
  readonly perSecond: number
  readonly open: (index: number) => Conversation
}

const exponential = (stream: Stream, mean: number): number => -Math.log(1 - stream.unit()) * mean

/** Ranks from 0, each as likely as 1 / (rank + 1) ^ exponent. */
function zipf(count: number, exponent: number): (stream: Stream) => number {
  const weights = Array.from({ length: count }, (_, rank) => 1 / (rank + 1) ** exponent)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return (stream) => {
    let place = stream.unit() * total
    const rank = weights.findIndex((weight) => {
      place -= weight
      return place < 0
    })
    return rank === -1 ? count - 1 : rank
  }
}

const question = (text: string) => ({ role: 'user', content: text }) as const

/** Many tenants, each with a long prompt of its own before all its conversations. */
export function chat(stream: Stream): Workload {
  const tenants = Array.from({ length: 120 }, () => stream.between(1_500, 6_000))
  const pick = zipf(tenants.length, 0.8)
  const turnsMax = 20
  return {
    perSecond: 6,
    open: (index) => {
      const tenant = pick(stream)
      const messages = [
        { role: 'system', content: `You serve tenant ${tenant}.` } as const,
        question(`Question ${index}`),
      ]
      const affinity = affinityOf({ messages }, `tenant ${tenant}`)
      const turn = (before: readonly Piece[], number: number): Asked => ({
        affinity,
        prompt: [...before, { name: `${index}:${number}`, tokens: stream.between(40, 400) }],
        outputTokens: stream.between(80, 500),
      })
      let turns = 1
      return {
        first: turn([{ name: `tenant ${tenant}`, tokens: tenants[tenant] ?? 0 }], 0),
        next: ({ prompt, outputTokens }) => {
          if (turns >= turnsMax || stream.chance(1 / 6)) return undefined
          const answer = { name: `${index}:${turns}:answer`, tokens: outputTokens }
          const asked = turn([...prompt, answer], turns)
          turns += 1
          return { asked, afterMs: exponential(stream, 25_000) }
        },
      }
    },
  }
}

/** Nothing is said twice: affinity can win nothing here, only lose. */
export const short = (stream: Stream): Workload => ({
  perSecond: 50,
  open: (index) => ({
    first: {
      affinity: affinityOf({ messages: [question(`Question ${index}`)] }, 'anybody'),
      prompt: [{ name: `${index}`, tokens: stream.between(60, 800) }],
      outputTokens: stream.between(50, 300),
    },
    next: () => undefined,
  }),
})

/** Two dozen tenants, the first with a third of all requests, each under one cache key. */
export function skew(stream: Stream): Workload {
  const tenants = Array.from({ length: 24 }, () => stream.between(4_000, 16_000))
  const pick = zipf(tenants.length, 1.2)
  return {
    perSecond: 45,
    open: (index) => {
      const tenant = pick(stream)
      const shared = { name: `tenant ${tenant}`, tokens: tenants[tenant] ?? 0 }
      return {
        first: {
          affinity: affinityOf(
            { prompt_cache_key: 'production', messages: [] },
            `tenant ${tenant}`,
          ),
          prompt: [shared, { name: `${index}`, tokens: stream.between(50, 300) }],
          outputTokens: stream.between(50, 300),
        },
        next: () => undefined,
      }
    },
  }
}

export const workloads = { chat, short, skew } as const
export type WorkloadName = keyof typeof workloads
