/** The figures, tables and pictures of what the gateways did. */
import { ratiosOf, spreadOf, told } from '../../harness/rounds.ts'
import type { SuiteReport, Table } from '../../harness/suite.ts'
import { barsSvg } from '../../plots/by-place.ts'
import type { Shape, Trial } from './trial.ts'

export const names = {
  canned: 'B3IQ, canned database',
  embedded: 'B3IQ, embedded database',
  portkey: 'Portkey',
  litellm: 'LiteLLM',
  none: 'no gateway: the host itself',
} as const

/** Of one load, by the names of the variants, each with the trials of all rounds. */
export type Measured = {
  readonly shape: Shape
  readonly trials: ReadonlyMap<string, readonly Trial[]>
}

type Measure = (trial: Trial) => number | undefined

const perSecond: Measure = (trial) => trial.perSecond
const cpuMsPerRequest: Measure = (trial) => trial.cpuMsPerRequest

/** Undefined where a round has no such value. */
function valuesOf({ trials }: Measured, name: string, measure: Measure): number[] | undefined {
  const values = (trials.get(name) ?? []).map(measure)
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 && known.length === values.length ? known : undefined
}

/** One variant's over another's, in the same rounds; undefined where one of them did not run. */
function ratioOf(measured: Measured, pair: readonly [string, string], measure: Measure) {
  const [ours, theirs] = pair.map((name) => valuesOf(measured, name, measure))
  return ours && theirs && ratiosOf(ours, theirs)
}

/** Without Portkey there is nothing to compare with, and no figure. */
export function figuresOf(measured: Measured): SuiteReport['figures'] {
  const { canned, embedded, portkey } = names
  const figures = {
    requestsCanned: ratioOf(measured, [canned, portkey], perSecond),
    requestsEmbedded: ratioOf(measured, [embedded, portkey], perSecond),
    cpuPerRequest: ratioOf(measured, [canned, portkey], cpuMsPerRequest),
  }
  return Object.fromEntries(
    Object.entries(figures).flatMap(([id, ratio]) => (ratio ? [[id, ratio.median]] : [])),
  )
}

export function tableOf(
  measured: Measured,
  peakKb: ReadonlyMap<string, number> = new Map(),
): Table {
  const { isStream, concurrency } = measured.shape
  const cell = (name: string, measure: Measure) => {
    const values = valuesOf(measured, name, measure)
    return values ? told(spreadOf(values)) : '–'
  }
  return {
    title: `${concurrency} at once, ${isStream ? 'streamed' : 'whole'}: median of rounds (least to most)`,
    columns: [
      'gateway',
      'requests a second',
      '× Portkey',
      ...(isStream ? ['first content p50, ms'] : []),
      'end p50, ms',
      'end p99, ms',
      'CPU s per 1,000 requests',
      ...(peakKb.size > 0 ? ['peak memory, MB'] : []),
    ],
    rows: [...measured.trials.keys()].map((name) => {
      const ratio = ratioOf(measured, [name, names.portkey], perSecond)
      const peak = peakKb.get(name)
      return [
        name,
        cell(name, perSecond),
        ratio ? told(ratio) : '–',
        ...(isStream ? [cell(name, (trial) => trial.firstP50Ms)] : []),
        cell(name, (trial) => trial.p50Ms),
        cell(name, (trial) => trial.p99Ms),
        // Milliseconds a request are seconds a thousand.
        cell(name, cpuMsPerRequest),
        ...(peakKb.size > 0 ? [peak === undefined ? '–' : Math.round(peak / 1024)] : []),
      ]
    }),
  }
}

/** Of the gateways, without the host itself. */
export const plotsOf = (measured: Measured): SuiteReport['plots'] => ({
  requests: barsOf(measured, perSecond, { title: 'Requests a second', unit: '' }),
  cpu: barsOf(measured, cpuMsPerRequest, { title: 'CPU per 1,000 requests', unit: 's' }),
})

function barsOf(
  measured: Measured,
  measure: Measure,
  { title, unit }: { readonly title: string; readonly unit: string },
): string {
  const { isStream, concurrency } = measured.shape
  const gateways = [...measured.trials.keys()].filter((name) => name !== names.none)
  const bars = gateways.flatMap((name) => {
    const values = valuesOf(measured, name, measure)
    return values ? [{ name, value: spreadOf(values).median }] : []
  })
  return barsSvg({
    title: `${title}, ${concurrency} at once, ${isStream ? 'streamed' : 'whole'}`,
    places: bars.map(({ name }) => name),
    series: [{ name: 'median of rounds', values: bars.map(({ value }) => value) }],
    unit,
  })
}
