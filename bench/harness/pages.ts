/** The tables and pictures of docs/performance.md and of the README, as a kept result has them. */
import { markdownTable } from '../cost/page.ts'
import { judge } from './judge.ts'
import { type SuiteName, suiteNames } from './registry.ts'
import type { Kept, MeasuredSuite, Result } from './result.ts'
import type { SuiteReport, Table } from './suite.ts'
import { cellsOf, number, targetsTable } from './tell.ts'

/** By the mark that each stands under. */
export type PageTables = Readonly<Record<string, string>>

export function performanceTables(kept: Kept): PageTables {
  const { suites } = kept.result
  const bySuite = suiteNames.map((name) => [name, sectionOf(name, suites)] as const)
  return { run: provenance(kept), targets: targetTable(suites), ...Object.fromEntries(bySuite) }
}

export const readmeTables = (kept: Kept): PageTables => ({
  bench: `${targetTable(kept.result.suites)}\n\n${provenance(kept)}`,
})

/** By file name under docs/plots. */
export const plotFiles = ({ suites }: Result): ReadonlyMap<string, string> =>
  new Map(
    suites.flatMap(({ name, report }) =>
      Object.entries(report.plots).map(([plot, svg]) => [plotFile(name, plot), svg] as const),
    ),
  )

const plotFile = (suite: SuiteName, plot: string): string => `bench-${suite}-${plot}.svg`

/** Where the names of these files begin, so that one nobody draws any more is found. */
export const plotPrefix = 'bench-'

const targetTable = (suites: readonly MeasuredSuite[]): string =>
  markdown(targetsTable(judge(suites)))

function provenance({ file, result: { machine, suites } }: Kept): string {
  const { processor, cores, memoryGib, kernel, node } = machine
  const commits = Map.groupBy(suites, commitOf)
  const told = [...commits].map(([commit, of]) =>
    commits.size === 1 ? commit : `${commit} (${of.map(({ name }) => name).join(', ')})`,
  )
  const loads = suites.map(({ load }) => load)
  return (
    `Measured on ${file.replace('.json', '')} at ${told.join(' and ')}: ${cores} cores of ${processor}, ` +
    `${memoryGib} GiB, ${kernel}, Node ${node}; load before a suite ${number(Math.min(...loads))} to ` +
    `${number(Math.max(...loads))}. All of it: \`bench/results/${file}\`.`
  )
}

const commitOf = ({ commit }: MeasuredSuite): string => {
  if (!commit) return 'an unknown commit'
  return commit.isDirty ? `commit ${commit.hash} with changes` : `commit ${commit.hash}`
}

function sectionOf(name: SuiteName, suites: readonly MeasuredSuite[]): string {
  const suite = suites.find((one) => one.name === name)
  if (!suite) return 'Not measured.'
  const { title, report } = suite
  return [
    title,
    ...report.tables.map((table) => `**${table.title}**\n\n${markdown(table)}`),
    ...Object.keys(report.plots).map((plot) => `![${plot}](plots/${plotFile(name, plot)})`),
    ...remarks(report),
  ].join('\n\n')
}

function remarks({ checks = [], notes, skipped }: SuiteReport): string[] {
  const lines = [
    ...checks.map(({ what, isMet }) => `- ${isMet ? '✓' : '✗'} ${what}`),
    ...notes.map((note) => `- ${note}`),
    ...skipped.map((why) => `- Not measured: ${why}`),
  ]
  return lines.length === 0 ? [] : [lines.join('\n')]
}

const markdown = (table: Table): string =>
  markdownTable(
    table.columns,
    cellsOf(table).map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))),
  )
