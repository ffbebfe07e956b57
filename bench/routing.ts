/**
 * How well hosts are chosen: `npm run bench:routing` plays three workloads against five ways to choose
 * and writes what came out into `docs/routing.md`, table and pictures. Seeded: the same code gives
 * the same numbers.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { barsSvg, linesSvg, type Series } from './plots/by-place.ts'
import {
  largeCells,
  loadCells,
  loads,
  mainCells,
  markdownOf,
  type Run,
  rivalNames,
  rowOf,
  runAll,
} from './routing/cells.ts'
import { type Churn, churnOf } from './routing/churn.ts'
import type { Cell, Outcome } from './routing/simulate.ts'

const docs = new URL('../docs/', import.meta.url)
const page = new URL('routing.md', docs)
const plots = new URL('plots/', docs)

const total = mainCells.length + largeCells.length + loadCells.length
let done = 0
const progress = ({ cell: { workload, rival, gateways } }: Run): void => {
  done += 1
  process.stderr.write(`${done}/${total} ${workload}, ${rival}, ${gateways} gateways\n`)
}

const [main, large, byLoad] = [mainCells, largeCells, loadCells].map((cells) =>
  runAll(cells, progress),
)
if (!main || !large || !byLoad) throw new Error('three runs')
console.table(main.map(rowOf))
console.table(large.map(rowOf))
console.table(byLoad.map((run) => ({ load: run.cell.load, ...rowOf(run) })))

writePart('routing', markdownOf(main))
writePart('large', markdownOf(large))
const churns = [200, 1_000, 5_000].flatMap((hosts) =>
  [1, 2, 10, 50].map((leave) => churnOf(hosts, leave)),
)
writePart('churn', churnMarkdown(churns))
mkdirSync(plots, { recursive: true })
writeFileSync(
  new URL('routing-cache-hits.svg', plots),
  barsSvg({
    title: 'Prompt tokens found in a host’s cache, 200 gateways',
    places: ['chat', 'skew'],
    series: seriesOf(main, ['chat', 'skew'], ({ hitShare }) => 100 * hitShare, isOf('workload')),
    most: 100,
    unit: '%',
  }),
)
writeFileSync(
  new URL('routing-refused.svg', plots),
  linesSvg({
    title: 'Chat requests refused by three full hosts in a row, by load',
    places: loads.map((load) => `× ${load}`),
    series: seriesOf(byLoad, loads, ({ refusedShare }) => 100 * refusedShare, isOf('load')),
    most: 32,
    unit: '%',
  }),
)

function churnMarkdown(rows: readonly Churn[]): string {
  const lines = rows.map(
    ({ hosts, leave, moved }) => `| ${hosts} | ${leave} | ${(100 * moved).toFixed(1)} % |`,
  )
  return ['| hosts | leave | conversations that move |', '|---|---|---|', ...lines].join('\n')
}

/** What stands between the marks of this name is replaced. */
function writePart(name: string, text: string): void {
  const [from, to] = [`<!-- ${name}: from -->\n`, `\n<!-- ${name}: to -->`]
  const old = readFileSync(page, 'utf8')
  const [before, rest] = old.split(from)
  const after = rest?.split(to)[1]
  if (before === undefined || after === undefined) throw new Error(`docs/routing.md has no ${name}`)
  writeFileSync(page, `${before}${from}${text}${to}${after}`)
}

function isOf<Name extends keyof Cell>(name: Name) {
  return ({ cell }: Run, place: Cell[Name]): boolean =>
    cell[name] === place && cell.gateways === 200
}

function seriesOf<Place>(
  runs: readonly Run[],
  places: readonly Place[],
  measure: (outcome: Outcome) => number,
  isAt: (run: Run, place: Place) => boolean,
): readonly Series[] {
  return rivalNames.map((name) => ({
    name,
    values: places.map((place) => {
      const run = runs.find((one) => one.cell.rival === name && isAt(one, place))
      return run ? measure(run.outcome) : 0
    }),
  }))
}
