/** Reads a runtime's Prometheus page by the names that its version uses. */
import type { RuntimeKind } from '../../../src/protocol/claim.ts'
import { type Measure, type MetricName, metricNames } from './metric-names.ts'
import { type Sample, samplesOf } from './prometheus.ts'

/** Undefined where the page does not tell; an engine's gauges are one sample each. */
export type Measured = {
  readonly running: number | undefined
  readonly waiting: number | undefined
  readonly waitingForCapacity: number | undefined
  /** Of the fullest engine: the next request may meet it. */
  readonly kvUsage: number | undefined
  readonly progress: readonly number[] | undefined
  /** False when every engine sleeps. */
  readonly awake: boolean | undefined
}

export function measure(
  page: string | undefined,
  { kind, version }: { readonly kind: RuntimeKind; readonly version: string | undefined },
): Measured {
  const lines = (page ?? '').split('\n')
  const valuesOf = (wanted: Measure): readonly number[] | undefined =>
    metricNames(kind, wanted, version)
      .map((name) => valuesUnder(lines, name))
      .find((values) => values.length > 0)
  const requests = (wanted: Measure) => wholeSum(valuesOf(wanted))
  const kv = valuesOf('kvUsage')
  const awake = valuesOf('awake')
  const progress = metricNames(kind, 'progress', version).flatMap((name) =>
    valuesUnder(lines, name),
  )
  return {
    running: requests('running'),
    waiting: requests('waiting'),
    waitingForCapacity: requests('waitingForCapacity'),
    kvUsage: kv === undefined ? undefined : Math.min(1, Math.max(0, ...kv)),
    progress: progress.length === 0 ? undefined : progress,
    awake: awake?.some((value) => value > 0),
  }
}

function valuesUnder(lines: readonly string[], { name, labels = {} }: MetricName): number[] {
  const carries = (sample: Sample) =>
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
  return samplesOf(lines, name)
    .filter(carries)
    .map(({ value }) => value)
}

/** A gauge of requests, over all engines: whole and not negative. */
function wholeSum(values: readonly number[] | undefined): number | undefined {
  if (values === undefined) return undefined
  return Math.max(0, Math.round(values.reduce((sum, value) => sum + value, 0)))
}
