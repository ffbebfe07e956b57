/** The tables and pictures of what was measured. */
import { told } from '../../harness/rounds.ts'
import type { Table } from '../../harness/suite.ts'
import { barsSvg } from '../../plots/by-place.ts'
import type { Added } from './added-time.ts'
import { idle } from './processor-time.ts'
import { Step, stepTitles } from './timeline.ts'
import { ownMs, type Waits } from './waits.ts'
import type { Caches } from './watched-orders.ts'

const short = (value: number, digits = 3): string => String(Number(value.toPrecision(digits)))

export function addedTable(added: readonly Added[]): Table {
  return {
    title:
      'Added to the host’s own time, embedded database, in ms: median of rounds (least to most)',
    columns: [
      'answer',
      'at once',
      'host alone, end p50',
      'first content p50',
      'first content p99',
      'end p50',
      'end p99',
      'requests a second',
    ],
    rows: added.map((one) => [
      one.isStream ? 'streamed' : 'whole',
      one.concurrency,
      short(one.direct.endP50),
      told(one.firstP50),
      told(one.firstP99),
      told(one.endP50),
      told(one.endP99),
      short(one.perSecond.median),
    ]),
  }
}

type BothWaits = Readonly<Record<Caches, Waits>>

export function waitsTable({ warm, stale }: BothWaits): Table {
  const row = (title: string, of: (waits: Waits) => number) => [
    title,
    short(of(warm)),
    short(of(stale)),
  ]
  return {
    title: 'Where a streamed request waits, one at a time, in ms (mean of a request)',
    columns: ['step', 'warm caches', 'stale caches'],
    rows: [
      ...Step.options.map((step) => row(stepTitles[step], ({ byStep }) => byStep[step])),
      row('our code, HTTP on both sides, the load generator', ownMs),
      row('whole request', ({ wholeMs }) => wholeMs),
      row('added to first content, p50', ({ added }) => added.firstP50.median),
      row('added to first content, p99', ({ added }) => added.firstP99.median),
      row('added to the end, p50', ({ added }) => added.endP50.median),
    ],
  }
}

/** Time of a core for one request, by process, as the operating system counts it. */
export type Profiled = {
  /** Samples of the gateway, in milliseconds of all requests. */
  readonly shares: ReadonlyMap<string, number>
  readonly gatewayMs: number
  readonly hostMs: number
  /** Asked without a ticket, like an upstream. */
  readonly hostAloneMs: number
  readonly loadMs: number
}

type Share = { readonly name: string; readonly us: number; readonly share: number }

/**
 * Of the time in which the processor worked; the largest first. A sample is also taken of a thread that waits for a
 * core, so that samples tell the shares and the operating system the time.
 */
export function sharesOfRequest({
  shares,
  gatewayMs,
}: Pick<Profiled, 'shares' | 'gatewayMs'>): readonly Share[] {
  const worked = [...shares].filter(([name]) => name !== idle)
  const sampledMs = worked.reduce((sum, [, ms]) => sum + ms, 0)
  return worked
    .map(([name, ms]) => ({ name, us: (ms / sampledMs) * gatewayMs * 1000, share: ms / sampledMs }))
    .toSorted((one, other) => other.us - one.us)
}

const asked = 'not streamed, 16 at once'

export function processorTable(profiled: Profiled): Table {
  const rows = sharesOfRequest(profiled).map(({ name, us, share }) => [
    name,
    short(us),
    `${(share * 100).toFixed(1)} %`,
  ])
  return {
    title: `Where the gateway’s processor time of a paid request goes (${asked})`,
    columns: ['what', 'µs a request', 'share'],
    rows: [...rows, ['all of it', short(profiled.gatewayMs * 1000), '100 %']],
  }
}

export function processesTable({ gatewayMs, hostMs, hostAloneMs, loadMs }: Profiled): Table {
  return {
    title: `Processor time of a paid request by process (${asked})`,
    columns: ['process', 'µs a request'],
    rows: [
      ['gateway', short(gatewayMs * 1000)],
      ['host, with ticket, proof and claim', short(hostMs * 1000)],
      ['host, asked directly', short(hostAloneMs * 1000)],
      ['load generator', short(loadMs * 1000)],
    ],
  }
}

/** The others are told together. */
const barsMax = 7

export function processorSvg(profiled: Profiled): string {
  const shares = sharesOfRequest(profiled)
  const rest = shares.slice(barsMax - 1)
  const bars = [
    ...shares.slice(0, barsMax - 1),
    { name: 'all else', us: rest.reduce((sum, { us }) => sum + us, 0) },
  ]
  return barsSvg({
    title: 'Processor time of a paid request',
    places: [''],
    series: bars.map(({ name, us }) => ({ name, values: [us] })),
    unit: 'µs',
  })
}

export function waitsSvg({ warm, stale }: BothWaits): string {
  const bars = (of: Waits) => [...Step.options.map((step) => of.byStep[step]), ownMs(of)]
  return barsSvg({
    title: 'Where a streamed request waits',
    places: [...Step.options, 'own'],
    series: [
      { name: 'warm caches', values: bars(warm) },
      { name: 'stale caches', values: bars(stale) },
    ],
    unit: 'ms',
  })
}

export function addedSvg(added: readonly Added[]): string {
  const streamed = added.filter(({ isStream }) => isStream)
  return barsSvg({
    title: 'Added to a streamed answer, median',
    places: streamed.map(({ concurrency }) => `${concurrency} at once`),
    series: [
      { name: 'to first content', values: streamed.map(({ firstP50 }) => firstP50.median) },
      { name: 'to the end', values: streamed.map(({ endP50 }) => endP50.median) },
    ],
    unit: 'ms',
  })
}
