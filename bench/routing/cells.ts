/** What is run, and how a cell is written down. */
import type { RivalName } from './rivals.ts'
import { type Cell, type Outcome, simulate } from './simulate.ts'
import type { WorkloadName } from './workloads.ts'

export type Run = { readonly cell: Cell; readonly outcome: Outcome }

const seed = 1
const minuteMs = 60_000

export const rivalNames: readonly RivalName[] = [
  'B3IQ',
  'no affinity',
  'random',
  'round-robin',
  'least-loaded',
  'affinity alone',
]
export const workloadNames: readonly WorkloadName[] = ['chat', 'short', 'skew']
export const loads = [0.5, 0.75, 1, 1.25, 1.5] as const

const cellsOf = (
  workloads: readonly WorkloadName[],
  { durationMs, ...others }: Omit<Cell, 'workload' | 'rival' | 'seed'>,
): Cell[] =>
  workloads.flatMap((workload) =>
    rivalNames.map((rival) => ({ workload, rival, seed, durationMs, ...others })),
  )

export const mainCells: readonly Cell[] = [1, 200].flatMap((gateways) =>
  cellsOf(workloadNames, { gateways, durationMs: 12 * minuteMs }),
)
/** Eight shards, of which a request sees two. */
export const largeCells: readonly Cell[] = cellsOf(['chat', 'skew'], {
  gateways: 200,
  fleets: 4,
  durationMs: 6 * minuteMs,
})
export const loadCells: readonly Cell[] = loads.flatMap((load) =>
  cellsOf(['chat'], { gateways: 200, load, durationMs: 8 * minuteMs }),
)

export function runAll(cells: readonly Cell[], onRun: (run: Run) => void): readonly Run[] {
  return cells.map((cell) => {
    const run = { cell, outcome: simulate(cell) }
    onRun(run)
    return run
  })
}

const percent = (share: number, digits: number): string => `${(100 * share).toFixed(digits)} %`
const milliseconds = (ms: number): string => `${Math.round(ms).toLocaleString('en')}`

/** As a row of a table. */
export const rowOf = ({ cell, outcome }: Run) => ({
  workload: cell.workload,
  gateways: `${cell.gateways}`,
  choice: cell.rival,
  'cache hits': percent(outcome.hitShare, 1),
  'first content p50, ms': milliseconds(outcome.firstContentP50Ms),
  'p99, ms': milliseconds(outcome.firstContentP99Ms),
  'hottest host': outcome.hottest.toFixed(2),
  refused: percent(outcome.refusedShare, 2),
})

export function markdownOf(runs: readonly Run[]): string {
  const rows = runs.map(rowOf)
  const line = (values: readonly string[]) => `| ${values.join(' | ')} |`
  const [first] = rows
  const names = Object.keys(first ?? {})
  return [
    line(names),
    line(names.map(() => '---')),
    ...rows.map((row) => line(Object.values(row))),
  ].join('\n')
}
