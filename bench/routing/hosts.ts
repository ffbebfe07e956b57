/**
 * Fifty hosts as strangers own them: a few large machines, many small ones, no two alike. A prompt is read
 * by one request after the other, as far as the host's cache does not hold it; answers are
 * written side by side, one for each slot.
 */
import type { Candidate } from '../../src/fleet/pool.ts'
import type { Stream } from '../../test/sim/engine/random.ts'
import { makePrefixCache, type Piece, tokensOf } from './prefix-cache.ts'

type Machine = {
  readonly slots: number
  readonly prefillTokensPerSecond: number
  readonly tokensPerSecond: number
  readonly cacheTokens: number
}

/** Roughly a card of 12 GB, one of 24 GB and one of 80 GB under a model of 8 billion weights. */
const small = { slots: 4, prefillTokensPerSecond: 1_500, tokensPerSecond: 35, cacheTokens: 60_000 }
const middle = {
  slots: 8,
  prefillTokensPerSecond: 4_000,
  tokensPerSecond: 60,
  cacheTokens: 150_000,
}
const large = {
  slots: 32,
  prefillTokensPerSecond: 15_000,
  tokensPerSecond: 70,
  cacheTokens: 600_000,
}
const fleet: readonly (readonly [machine: Machine, count: number])[] = [
  [small, 25],
  [middle, 18],
  [large, 7],
]
const newcomers = 3
/** A host with all slots taken writes this much slower than an idle one. */
const crowdedSlowdown = 0.4

export type Work = { readonly prompt: readonly Piece[]; readonly outputTokens: number }
export type Admitted = {
  readonly cachedTokens: number
  readonly firstContentAtMs: number
  readonly endsAtMs: number
}

export type SimHost = {
  readonly candidate: Candidate
  readonly slots: number
  readonly used: () => number
  /** Undefined where no slot is free: the host says `busy`. */
  readonly admit: (work: Work, nowMs: number) => Admitted | undefined
  readonly release: () => void
}

/** `times` fifty of them. */
export function makeHosts(stream: Stream, times: number): readonly SimHost[] {
  const machines = fleet.flatMap(([machine, count]) =>
    Array.from({ length: times * count }, () => machine),
  )
  // Shuffled, because a pool lists hosts by their ids, and those tell nothing of the machine.
  const shuffled = machines
    .map((machine) => ({ machine, rank: stream.unit() }))
    .toSorted((one, other) => one.rank - other.rank)
  return shuffled.map(({ machine }, index) =>
    makeHost(unlike(machine, stream), { isNew: index < times * newcomers }, stream),
  )
}

/** A fifth more or less. */
function unlike(machine: Machine, stream: Stream): Machine {
  const factor = 0.8 + 0.4 * stream.unit()
  return {
    ...machine,
    prefillTokensPerSecond: machine.prefillTokensPerSecond * factor,
    tokensPerSecond: machine.tokensPerSecond * factor,
  }
}

type Past = { readonly isNew: boolean }

function makeHost(machine: Machine, past: Past, stream: Stream): SimHost {
  const { slots, prefillTokensPerSecond, tokensPerSecond } = machine
  const cache = makePrefixCache(machine.cacheTokens)
  let used = 0
  let prefillFreeAtMs = 0
  return {
    candidate: candidateOf(machine, past, stream),
    slots,
    used: () => used,
    admit: ({ prompt, outputTokens }, nowMs) => {
      if (used >= slots) return undefined
      used += 1
      const cachedTokens = cache.match(prompt)
      cache.keep(prompt)
      const readMs = ((tokensOf(prompt) - cachedTokens) * 1000) / prefillTokensPerSecond
      prefillFreeAtMs = Math.max(nowMs, prefillFreeAtMs) + readMs
      const speed = tokensPerSecond * (1 - crowdedSlowdown * (used / slots))
      const firstContentAtMs = prefillFreeAtMs + 1000 / speed
      return {
        cachedTokens,
        firstContentAtMs,
        endsAtMs: prefillFreeAtMs + (outputTokens * 1000) / speed,
      }
    },
    release: () => {
      used -= 1
    },
  }
}

/** As a benchmark with a prompt of 512 tokens would have measured it. */
function candidateOf(machine: Machine, { isNew }: Past, stream: Stream): Candidate {
  const { slots, prefillTokensPerSecond, tokensPerSecond } = machine
  const name = Array.from({ length: 26 }, () => 'abcdefghijklmnopqrstuvwxyz'[stream.below(26)])
  const reputation = isNew ? undefined : 0.85 + 0.15 * stream.unit()
  return {
    nodeId: `n_${name.join('')}`,
    publicKey: '',
    routeUrl: 'https://host.invalid',
    routeEpoch: 1,
    profileId: 'maker/model@q8',
    runtimeId: 'vllm-0',
    runtimeKind: 'vllm',
    routeTier: 'network_beta',
    trustTier: 'T0',
    artifactDigest: `sha256:${'a'.repeat(64)}`,
    contextLength: 131_072,
    benchmarkId: 'bench',
    firstContentP50Ms: Math.round(100 + (512 * 1000) / prefillTokensPerSecond),
    tokensPerSecondP50: Math.round(tokensPerSecond),
    slots,
    ...(reputation === undefined ? {} : { reputation }),
  }
}
