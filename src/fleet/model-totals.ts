/**
 * What the public catalogue says of a model, counted while a pass goes by: how many hosts, how fast,
 * what they can do. Bounded by the model's prices and builds, not by its hosts.
 */
import type { PricedModel } from '../catalogue/model.ts'
import { type LogHistogram, makeLogHistogram } from './log-histogram.ts'
import type { NodeProfile } from './node.ts'
import type { Candidate } from './pool.ts'
import type { PublicModel, PublicVariant } from './ports.ts'

export type ModelTotals = {
  /** Eligible profiles of one node, all at once: a host with two builds is one host. */
  readonly addNode: (nominees: readonly Nominee[]) => void
  /** Undefined while nobody serves the model. */
  readonly toPublic: () => PublicModel | undefined
}

export type Nominee = { readonly candidate: Candidate; readonly profile: NodeProfile }

export function makeModelTotals(model: PricedModel): ModelTotals {
  const all = makeHosts()
  const variants = new Map<string, Variant>()
  const quantizations = new Set<string>()
  const quantizationOf = new Map(
    model.profiles.map(({ artifact }) => [artifact.digest, artifact.quantization]),
  )
  return {
    addNode: (nominees) => {
      if (nominees.length === 0) return
      all.count()
      const counted = new Set<Variant>()
      for (const { candidate, profile } of nominees) {
        const { routeTier, trustTier } = candidate
        const key = `${routeTier} ${trustTier}`
        const variant = variants.get(key) ?? { ...makeHosts(), routeTier, trustTier, ...unseen() }
        variants.set(key, variant)
        if (!counted.has(variant)) variant.count()
        counted.add(variant)
        for (const hosts of [all, variant]) hosts.measure(candidate)
        see(variant, profile)
        const quantization = quantizationOf.get(candidate.artifactDigest)
        if (quantization) quantizations.add(quantization)
      }
    },
    toPublic: () => {
      if (all.hosts() === 0) return undefined
      return {
        model,
        eligibleHosts: all.hosts(),
        firstContentP50Ms: all.firstContentMs.quantile(0.5),
        tokensPerSecondP50: all.tokensPerSecond.quantile(0.5),
        quantizations: [...quantizations].toSorted(),
        variants: [...variants.values()].map(toVariant),
      }
    },
  }
}

type Hosts = {
  readonly count: () => void
  readonly hosts: () => number
  readonly measure: (candidate: Candidate) => void
  readonly firstContentMs: LogHistogram
  readonly tokensPerSecond: LogHistogram
}

function makeHosts(): Hosts {
  const firstContentMs = makeLogHistogram()
  const tokensPerSecond = makeLogHistogram()
  let hosts = 0
  return {
    count: () => {
      hosts += 1
    },
    hosts: () => hosts,
    measure: (candidate) => {
      firstContentMs.add(candidate.firstContentP50Ms)
      tokensPerSecond.add(candidate.tokensPerSecondP50)
    },
    firstContentMs,
    tokensPerSecond,
  }
}

type Variant = Hosts &
  Pick<PublicVariant, 'routeTier' | 'trustTier'> & {
    readonly seen: Set<keyof PublicVariant['capabilities']>
    contextTokens: number
  }

const unseen = () => ({ seen: new Set<keyof PublicVariant['capabilities']>(), contextTokens: 0 })

function see(variant: Variant, { benchmark }: NodeProfile): void {
  if (!benchmark) return
  const { capabilities } = benchmark
  for (const one of ['tools', 'jsonSchema', 'logprobs'] as const) {
    if (capabilities[one]) variant.seen.add(one)
  }
  variant.contextTokens = Math.max(variant.contextTokens, capabilities.contextTokens)
}

function toVariant(variant: Variant): PublicVariant {
  const { routeTier, trustTier, seen, contextTokens, firstContentMs, tokensPerSecond } = variant
  return {
    routeTier,
    trustTier,
    eligibleHosts: variant.hosts(),
    firstContentMs: { p50: firstContentMs.quantile(0.5), p95: firstContentMs.quantile(0.95) },
    tokensPerSecond: { p50: tokensPerSecond.quantile(0.5), p5: tokensPerSecond.quantile(0.05) },
    capabilities: {
      tools: seen.has('tools'),
      jsonSchema: seen.has('jsonSchema'),
      logprobs: seen.has('logprobs'),
    },
    contextTokens,
  }
}
