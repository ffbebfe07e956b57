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
  const variantOf = ({ candidate: { routeTier, trustTier } }: Nominee): Variant => {
    const key = `${routeTier} ${trustTier}`
    const variant = variants.get(key) ?? { ...makeHosts(), routeTier, trustTier, ...unseen() }
    variants.set(key, variant)
    return variant
  }
  return {
    addNode: (nominees) => {
      all.add(nominees)
      for (const [variant, ofVariant] of Map.groupBy(nominees, variantOf)) {
        variant.add(ofVariant)
        for (const { profile } of ofVariant) see(variant, profile)
      }
      for (const { candidate } of nominees) {
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
  /** One more host, by the worst of its builds: what is said of it holds whichever answers. */
  readonly add: (ofNode: readonly Nominee[]) => void
  readonly hosts: () => number
  readonly firstContentMs: LogHistogram
  readonly tokensPerSecond: LogHistogram
}

function makeHosts(): Hosts {
  const firstContentMs = makeLogHistogram()
  const tokensPerSecond = makeLogHistogram()
  let hosts = 0
  return {
    add: (ofNode) => {
      if (ofNode.length === 0) return
      const candidates = ofNode.map(({ candidate }) => candidate)
      hosts += 1
      firstContentMs.add(Math.max(...candidates.map((one) => one.firstContentP50Ms)))
      tokensPerSecond.add(Math.min(...candidates.map((one) => one.tokensPerSecondP50)))
    },
    hosts: () => hosts,
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
