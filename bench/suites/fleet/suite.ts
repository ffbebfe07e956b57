/** What the fleet costs as it grows: nothing may grow faster than the fleet does. */
import { growthMax, growthOf } from '../../harness/growth.ts'
import type { Suite, SuiteReport, Table } from '../../harness/suite.ts'
import { curvesSvg, logAxis, type Points } from '../../plots/curves.ts'
import { choiceSec } from './choice.ts'
import { makeBeatChecks } from './heartbeats.ts'
import { poolReadSec } from './pool-read.ts'
import { makeRecomputes, type RecomputeCost } from './recompute.ts'

const sizes = [100, 1_000, 10_000, 100_000] as const
type Size = (typeof sizes)[number]
type BySize = ReadonlyMap<Size, number>

export const suite: Suite = {
  name: 'fleet',
  title:
    'Time of one core over the size of the fleet: the eligibility pass, a gateway’s read of a pool, the choice of a host, the check of heartbeats.',
  run: async ({ progress, signal }) => {
    const over = async <Value>(what: string, measure: (size: Size) => Value | Promise<Value>) => {
      const found = new Map<Size, Value>()
      for (const size of sizes) {
        signal.throwIfAborted()
        progress(`${what}, ${size.toLocaleString('en-US')}`)
        found.set(size, await measure(size))
      }
      return found
    }
    return reportOf({
      recomputes: await over('eligibility recompute', await makeRecomputes()),
      reads: await over('pool read', poolReadSec),
      choices: await over('route choice', choiceSec),
      beats: await over('heartbeats', await makeBeatChecks()),
    })
  },
}

type Found = {
  readonly recomputes: ReadonlyMap<Size, RecomputeCost>
  /** Each in seconds. */
  readonly reads: BySize
  readonly choices: BySize
  readonly beats: BySize
}

function reportOf({ recomputes, reads, choices, beats }: Found): SuiteReport {
  const passes = [...recomputes.values()]
  const curves = [
    {
      name: 'eligibility recompute',
      points: passes.map(({ profiles, readAndJudgedSec }) => [profiles, readAndJudgedSec] as const),
    },
    {
      name: 'one beat of every node',
      points: [...beats].map(([nodes, sec]) => [nodes, nodes * sec] as const),
    },
    { name: 'route choice', points: [...choices] },
    { name: 'pool read', points: [...reads] },
  ]
  const growths = curves.map(({ name, points }) => ({ name, growth: growthOf(points) }))
  const pagesGrow = growthOf(passes.slice(-2).map((one) => [one.profiles, one.pagesRead]))
  const [choice, recompute] = [choices.get(1_000), recomputes.get(100_000)]
  if (choice === undefined || recompute === undefined) throw new Error('every size was measured')
  return {
    tables: [
      recomputeTable(passes),
      {
        title: 'By the size of a pool or a fleet',
        columns: ['candidates, or nodes', 'pool read, ms', 'route choice, ms', 'heartbeat, ms'],
        rows: sizes.map((size) => [
          size,
          ...[reads, choices, beats].map((of) => (of.get(size) ?? Number.NaN) * 1_000),
        ]),
      },
      {
        title: 'Growth: cost as a power of size',
        columns: ['what', 'power'],
        rows: [...growths.map(({ name, growth }) => [name, growth.toFixed(2)])],
      },
    ],
    figures: { recompute: recompute.readAndJudgedSec, choice: choice * 1_000 },
    checks: [
      ...growths.map(({ name, growth }) => ({
        what: `${name} grows with the size to the power ${growth.toFixed(2)}, of ${growthMax} at most`,
        isMet: growth <= growthMax,
      })),
      {
        what: `pages read grow with the profiles to the power ${pagesGrow.toFixed(2)}, of ${growthMax} at most`,
        isMet: pagesGrow <= growthMax,
      },
      heapCheck(passes),
    ],
    plots: { growth: growthPlot(curves) },
    notes: [
      'Processor time of the process, without sockets: pages and items come from memory through the database client’s own signing and parsing.',
      'A pass reads 230 nodes in a page of 1 MB, 16 partitions, two profiles a node, 20 models.',
      'The choice sees every candidate of its pool; a gateway gives it those of two shards, 56 at most.',
    ],
    skipped: [],
  }
}

/** Above 10,000 profiles nothing of the fleet may be kept: its candidates alone would be 100 MB. */
const heapGrowthMaxMb = 8

function heapCheck(passes: readonly RecomputeCost[]) {
  const most = Math.max(...passes.map(({ heapGrowthMb }) => heapGrowthMb))
  return {
    what: `a pass over any fleet keeps ${most.toFixed(1)} MB at once, of ${heapGrowthMaxMb} MB at most`,
    isMet: most <= heapGrowthMaxMb,
  }
}

const recomputeTable = (passes: readonly RecomputeCost[]): Table => ({
  title: 'Eligibility recompute',
  columns: [
    'profiles',
    'read and judged, core s',
    'judged alone, core s',
    'µs a profile',
    'pages read',
    'shards written',
    'heap growth, MB',
  ],
  rows: passes.map((one) => [
    one.profiles,
    one.readAndJudgedSec,
    one.judgedSec,
    (one.readAndJudgedSec / one.profiles) * 1e6,
    one.pagesRead,
    one.shardsWritten,
    one.heapGrowthMb,
  ]),
})

const growthPlot = (curves: readonly { readonly name: string; readonly points: Points }[]) =>
  curvesSvg({
    title: 'Time of one core, over the size of the fleet',
    x: logAxis('profiles, nodes or candidates', sizes),
    y: logAxis(
      'seconds',
      curves.flatMap(({ points }) => points.map(([, sec]) => sec)),
    ),
    curves,
  })
