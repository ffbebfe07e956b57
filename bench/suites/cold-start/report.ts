/** The tables and the picture of what was measured. */
import { type BundlePart, largestInputs } from '../../../infra/constructs/bundle-budgets.ts'
import type { Bundle } from '../../../infra/constructs/bundle-files.ts'
import { spreadOf, told } from '../../harness/rounds.ts'
import type { Table } from '../../harness/suite.ts'
import { barsSvg } from '../../plots/by-place.ts'
import { asks, type FirstAnswers } from './first-answers.ts'
import type { Loaded } from './import-time.ts'

const kb = (bytes: number): string => (bytes / 1000).toFixed(1)

export function bundlesTable(bundles: ReadonlyMap<string, Bundle>): Table {
  return {
    title: 'Bundles, minified, in KB',
    columns: ['entry', 'at the start', 'later', 'files of code'],
    rows: [...bundles].map(([entry, { start, later, files }]) => [
      entry.replace(/^functions\//, ''),
      kb(start.bytes),
      kb(later.bytes),
      [...files.keys()].filter((name) => name.endsWith('.mjs')).length,
    ]),
  }
}

export const inputsTable = (start: BundlePart): Table => ({
  title: 'The ten largest inputs of what the gateway’s start loads, in KB',
  columns: ['input', 'KB'],
  rows: largestInputs(start).map(([path, bytes]) => [path, kb(bytes)]),
})

export const importTable = (loaded: ReadonlyMap<string, readonly Loaded[]>): Table => ({
  title: 'Import in a fresh process, in ms: median (least to most)',
  columns: ['module', 'wall', 'processor'],
  rows: [...loaded].map(([name, times]) => [
    name,
    told(spreadOf(times.map(({ wallMs }) => wallMs))),
    told(spreadOf(times.map(({ cpuMs }) => cpuMs))),
  ]),
})

export function answersTable(processes: readonly FirstAnswers[]): Table {
  const row = (name: string, msOf: (one: FirstAnswers) => number) => [
    name,
    told(spreadOf(processes.map(msOf))),
  ]
  return {
    title: 'First answers of a fresh process, embedded database, in ms: median (least to most)',
    columns: ['', 'ms'],
    rows: [
      row('process ready', ({ readyMs }) => readyMs),
      ...asks.map(({ name }, at) => row(name, ({ answersMs }) => answersMs[at] ?? Number.NaN)),
    ],
  }
}

/** Packages by their names, our own code by its folder. */
export function consistsSvg(start: BundlePart): string {
  const bytesOf = new Map<string, number>()
  for (const [path, bytes] of start.inputs) {
    const [, name] =
      /node_modules\/((?:@[^/]+\/)?[^/]+)\/[^@]*$/.exec(path) ??
      /^(src\/[^/]+|functions)/.exec(path) ??
      []
    if (name !== undefined) bytesOf.set(name, (bytesOf.get(name) ?? 0) + bytes)
  }
  const sorted = [...bytesOf].sort(([, one], [, other]) => other - one)
  const shown = sorted.slice(0, barsMax)
  const rest = sorted.slice(barsMax).reduce((sum, [, bytes]) => sum + bytes, 0)
  const bars = [...shown, ['all else', rest] as const]
  return barsSvg({
    title: 'What a start of the gateway loads, minified',
    places: bars.map(([name]) => name.replace(/^@?hono\//, '').replace(/^src\//, '')),
    series: [{ name: 'KB', values: bars.map(([, bytes]) => bytes / 1000) }],
    unit: 'KB',
  })
}

const barsMax = 8
