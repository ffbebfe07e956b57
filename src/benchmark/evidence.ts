/** What a run proves, as it is stored: bound to what was measured, for as long as it holds. Pure. */

import type { HotItem, NodeFacts, NodeProfile, ObservedBenchmark } from '../fleet/node.ts'
import { domainHash } from '../protocol/canonical.ts'
import { dayMs } from '../protocol/clock.ts'
import { isSoldByUnit } from '../protocol/modality.ts'
import type { Measured } from './measure.ts'
import type { MeasuredDocuments, ProbedAnswer } from './measure-documents.ts'
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
  measured: Measured | MeasuredDocuments,
  { atMs, isPaid }: { readonly atMs: number; readonly isPaid: boolean },
): ObservedBenchmark | undefined {
  const runtimeVersion = hot.queues[profile.runtimeId]?.version
  if (runtimeVersion === undefined) return undefined
  const evidence = {
    atMs,
    expiresAtMs: atMs + validityMs(node, atMs),
    artifactDigest: profile.artifactDigest,
    runtimeVersion,
    factsDigest: hot.factsDigest,
    routeKind: node.route.kind,
    harnessVersion,
    isPaid,
    ...(measured.kind === 'documents'
      ? documentFigures(measured)
      : textFigures(measured, {
          gpus: node.hostFacts?.gpus ?? [],
          artifactBytes: profile.artifactBytes,
        })),
  }
  const { nodeId, profileId } = profile
  const benchmarkId = domainHash('b3iq:benchmark:v1', { nodeId, profileId, ...evidence })
  return { benchmarkId, ...evidence }
}

type Figures = Omit<
  ObservedBenchmark,
  | 'benchmarkId'
  | 'atMs'
  | 'expiresAtMs'
  | 'artifactDigest'
  | 'runtimeVersion'
  | 'factsDigest'
  | 'routeKind'
  | 'harnessVersion'
  | 'isPaid'
>

function textFigures(
  { prefill, decode, together, failures, ...measured }: Measured,
  machine: Omit<Parameters<typeof rooflineFlags>[0], 'tokensPerSecond'>,
): Figures {
  const alone = [...prefill, ...decode]
  const answers = [...alone, ...together]
  // As customers get it: alone, and among as many others as the node serves in time.
  const speeds = [...decode, ...together].map(tokensPerSecond)
  return {
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
      gpus: machine.gpus,
      artifactBytes: machine.artifactBytes,
      tokensPerSecond: quantileOf(decode.map(tokensPerSecond), 0.5),
    }),
  }
}

/**
 * A document comes at once, so its first content is all of it. Its speed is prompt tokens a second, or images or
 * seconds of audio a second; the bounds of bandwidth are for text that is written token by token.
 */
function documentFigures(measured: MeasuredDocuments): Figures {
  const { answers, failures, longestText, modality } = measured
  const times = answers.map(({ totalMs }) => totalMs)
  const speeds = answers.map(({ counted, totalMs }) => (counted * 1000) / Math.max(1, totalMs))
  const speedP50 = rounded(quantileOf(speeds, 0.5))
  return {
    samples: answers.length,
    firstContentP50Ms: quantileOf(times, 0.5),
    firstContentP95Ms: quantileOf(times, 0.95),
    prefillTokensPerSecond: isSoldByUnit(modality) ? 0 : speedP50,
    tokensPerSecondP50: speedP50,
    tokensPerSecondP5: rounded(quantileOf(speeds, 0.05)),
    // None was asked beside another.
    concurrencyAtTarget: 1,
    errorRate: rounded(failures / (answers.length + failures)),
    countRatio: documentCountRatio(answers),
    capabilities: {
      ...textOnly,
      usage: answers.every(({ claimed }) => claimed !== null),
      contextTokens: longestText,
    },
    flags: [],
  }
}

const textOnly = {
  streaming: false,
  stop: false,
  abort: false,
  tools: false,
  jsonSchema: false,
  logprobs: false,
}

/** Tokens or units claimed over those counted. */
function documentCountRatio(answers: readonly ProbedAnswer[]): number | null {
  const told = answers.flatMap(({ claimed, counted }) => (claimed ? [{ claimed, counted }] : []))
  const claimed = told.reduce((sum, { claimed: by }) => sum + (by.units ?? by.prompt), 0)
  const counted = told.reduce((sum, one) => sum + one.counted, 0)
  return counted === 0 ? null : rounded(claimed / counted)
}

export function validityMs({ trustTier, enrolledAtMs }: NodeFacts, atMs: number): number {
  return trustTier === 'T0' && atMs - enrolledAtMs < newForMs ? validNewMs : validMs
}
