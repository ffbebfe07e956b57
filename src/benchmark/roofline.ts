/**
 * Whether a speed can be true of the GPU that a host names. To write one token a runtime reads all
 * weights once, so that memory bandwidth bounds the speed of a single stream. A flag for operators and
 * never a judgement: mixtures of experts read a part of their weights, and drafts guess ahead.
 */
import type { ObservedBenchmark } from '../fleet/node.ts'
import type { HostFacts } from '../protocol/heartbeat.ts'
import { memoryBandwidthOf } from './gpu-bandwidth.ts'

/** Bandwidth figures are nominal, and ours are rounded. */
const tolerance = 1.15
/** A dense model on its GPU reaches half of the bound and more; a tenth says that it is elsewhere. */
const farBelow = 0.1
/** The speed of small models is bound by other things than their weights. */
const heavyBytes = 1_000_000_000

export function rooflineFlags(of: {
  readonly gpus: HostFacts['gpus']
  readonly artifactBytes: number | undefined
  /** Of one stream alone. */
  readonly tokensPerSecond: number
}): ObservedBenchmark['flags'] {
  const { gpus, artifactBytes = 0, tokensPerSecond } = of
  const bandwidths = gpus.map(({ name }) => memoryBandwidthOf(name ?? ''))
  const known = bandwidths.filter((bandwidth) => bandwidth !== undefined)
  // One GPU that we do not know may be the one that serves.
  if (artifactBytes <= 0 || known.length === 0 || known.length < gpus.length) return []
  const together = known.reduce((sum, bandwidth) => sum + bandwidth, 0)
  if (tokensPerSecond > (tolerance * together) / artifactBytes) return ['above_roofline']
  const slowest = Math.min(...known)
  const isSlow = tokensPerSecond < (farBelow * slowest) / artifactBytes
  return isSlow && artifactBytes >= heavyBytes ? ['below_roofline'] : []
}
