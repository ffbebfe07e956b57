/** What a run proves, as it is stored: bound to what was measured, for as long as it holds. Pure. */

import type { HotItem, NodeFacts, NodeProfile, ObservedBenchmark } from '../fleet/node.ts'
import { domainHash } from '../protocol/canonical.ts'
import { dayMs } from '../protocol/clock.ts'
import type { Measured } from './measure.ts'
import { rooflineFlags } from './roofline.ts'
import {
  countRatio,
  firstContentAt,
  prefillTokensPerSecond,
  quantileOf,
  rounded,
  tokensPerSecond,
} from './speeds.ts'

/** Rises with every change of the procedure that changes its figures. */
export const harnessVersion = '3'

export const validMs = 7 * dayMs
/** A new node has shown little: its evidence is renewed daily. */
export const validNewMs = dayMs
const newForMs = 7 * dayMs

export type Measuree = {
  readonly node: NodeFacts
  readonly hot: HotItem
  readonly profile: NodeProfile
}

/** Undefined while the runtime's version is not known: the evidence could be of no other. */
export function evidenceOf(
  { node, hot, profile }: Measuree,
  measured: Measured,
  { atMs, isPaid }: { readonly atMs: number; readonly isPaid: boolean },
): ObservedBenchmark | undefined {
  const runtimeVersion = hot.queues[profile.runtimeId]?.version
  if (runtimeVersion === undefined) return undefined
  const { prefill, decode, together, failures } = measured
  const alone = [...prefill, ...decode]
  const answers = [...alone, ...together]
  // As customers get it: alone, and among as many others as the node serves in time.
  const speeds = [...decode, ...together].map(tokensPerSecond)
  const evidence = {
    atMs,
    expiresAtMs: atMs + validityMs(node, atMs),
    artifactDigest: profile.artifactDigest,
    runtimeVersion,
    factsDigest: hot.factsDigest,
    routeKind: node.route.kind,
    harnessVersion,
    isPaid,
    samples: answers.length,
    firstContentP50Ms: firstContentAt(alone, 0.5),
    firstContentP95Ms: firstContentAt(alone, 0.95),
    prefillTokensPerSecond: rounded(quantileOf(prefill.map(prefillTokensPerSecond), 0.5)),
    tokensPerSecondP50: rounded(quantileOf(speeds, 0.5)),
    tokensPerSecondP5: rounded(quantileOf(speeds, 0.05)),
    concurrencyAtTarget: measured.concurrencyAtTarget,
    errorRate: rounded(failures / (answers.length + failures)),
    countRatio: countRatio(answers),
    capabilities: measured.capabilities,
    flags: rooflineFlags({
      gpus: node.hostFacts?.gpus ?? [],
      artifactBytes: profile.artifactBytes,
      tokensPerSecond: quantileOf(decode.map(tokensPerSecond), 0.5),
    }),
  }
  const { nodeId, profileId } = profile
  const benchmarkId = domainHash('b3iq:benchmark:v1', { nodeId, profileId, ...evidence })
  return { benchmarkId, ...evidence }
}

export function validityMs({ trustTier, enrolledAtMs }: NodeFacts, atMs: number): number {
  return trustTier === 'T0' && atMs - enrolledAtMs < newForMs ? validNewMs : validMs
}
