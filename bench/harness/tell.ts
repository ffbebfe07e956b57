/** Numbers, verdicts and tables as a reader sees them, on a terminal and on a page. */
import type { Judged, Verdict } from './judge.ts'
import type { Table } from './suite.ts'
import type { Target } from './targets.ts'

/** Whole from 100 on, with three digits below. */
export function number(value: number): string {
  const shown = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
  return shown.toLocaleString('en-US', { maximumFractionDigits: 10 })
}

const withUnit = (value: number, { unit }: Target): string => `${number(value)} ${unit}`.trim()

const limitOf = (target: Target, value: number): string =>
  `${target.must === 'at_most' ? '≤' : '≥'} ${withUnit(value, target)}`

const marks = { met: '✓', missed: '✗', not_measured: '–', left_out: '✗' } as const

const measuredOf = (target: Target, verdict: Verdict): string => {
  if (verdict.kind === 'not_measured') return `not measured: ${verdict.why}`
  if (verdict.kind === 'left_out') return 'left out'
  return withUnit(verdict.figure, target)
}

export const targetsTable = (judged: readonly Judged[]): Table => ({
  title: 'Targets',
  columns: ['what', 'target', 'aim', 'measured', 'met'],
  rows: judged.map(({ target, verdict }) => [
    target.what,
    limitOf(target, target.limit),
    target.aim === undefined ? '' : limitOf(target, target.aim),
    measuredOf(target, verdict),
    marks[verdict.kind],
  ]),
})

export const cellsOf = ({ rows }: Table): readonly (readonly string[])[] =>
  rows.map((row) => row.map((cell) => (typeof cell === 'number' ? number(cell) : cell)))

/** In columns as wide as their widest cell: the first to the left, the others to the right. */
export function textTable(table: Table): string {
  const lines = [table.columns, ...cellsOf(table)]
  const widths = table.columns.map((_, at) =>
    Math.max(...lines.map((cells) => (cells[at] ?? '').length)),
  )
  const lineOf = (cells: readonly string[]) =>
    widths
      .map((width, at) => (cells[at] ?? '')[at === 0 ? 'padEnd' : 'padStart'](width))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width))
  const [head = [], ...body] = lines
  return [table.title, '', ...[head, rule, ...body].map(lineOf)].join('\n')
}
