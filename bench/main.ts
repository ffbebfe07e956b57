/**
 * `npm run bench`: measures what the design promised and fails when a promise is missed. Names of suites
 * run those alone. docs/performance.md says what each measures and how to read it.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withTables } from './cost/page.ts'
import { type Command, parseFlags } from './harness/flags.ts'
import { complaints, judge } from './harness/judge.ts'
import { commitNow, loadNow, thisMachine } from './harness/machine.ts'
import { performanceTables, plotFiles, plotPrefix, readmeTables } from './harness/pages.ts'
import { registry, type SuiteName, suiteNames } from './harness/registry.ts'
import {
  type Kept,
  keepResult,
  type MeasuredSuite,
  merged,
  newestResult,
  type Result,
} from './harness/result.ts'
import { runSuite } from './harness/run-suite.ts'
import { targetsTable, textTable } from './harness/tell.ts'

const root = join(import.meta.dirname, '..')
const results = join(import.meta.dirname, 'results')
const plots = join(root, 'docs', 'plots')

const startedMs = Date.now()

function progress(line: string): void {
  const seconds = Math.round((Date.now() - startedMs) / 1_000)
  console.error(`${String(seconds).padStart(5)} s  ${line}`)
}

async function main(args: readonly string[]): Promise<number> {
  const command = parseFlags(args)
  switch (command.kind) {
    case 'wrong':
      console.error(command.why)
      return 2
    case 'list':
      for (const name of suiteNames) console.log(`${name}  (${registry[name].budgetSec} s)`)
      return 0
    case 'pages':
      return writePages()
    case 'run':
      return measure(command)
  }
}

async function measure({ names, isKept }: Extract<Command, { kind: 'run' }>): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  // Read before minutes of measuring, not after them.
  const old = isKept ? await newestResult(results) : undefined
  const machine = thisMachine()
  const suites: MeasuredSuite[] = []
  for (const name of names) {
    const suite = await measureOne(name, stop.signal)
    if (suite) suites.push(suite)
    if (stop.signal.aborted) return 130
  }
  const wrong = complaints(suites)
  if (suites.length > 0) console.log(`${textTable(targetsTable(judge(suites)))}\n`)
  for (const line of wrong) console.error(line)
  if (isKept && suites.length > 0) await keep({ machine, suites }, old)
  return wrong.length === 0 && suites.length === names.length ? 0 : 1
}

/** Undefined for one that failed: the others go on. */
async function measureOne(
  name: SuiteName,
  signal: AbortSignal,
): Promise<MeasuredSuite | undefined> {
  progress(`${name} begins`)
  const [at, load, commit, beganMs] = [new Date(), loadNow(), await commitNow(root), Date.now()]
  const outcome = await runSuite(name, {
    onProgress: (line) => progress(`${name}: ${line}`),
    signal,
  })
  const tookSec = Math.round((Date.now() - beganMs) / 100) / 10
  if (outcome.kind === 'failed') {
    console.error(`The suite ${name} failed: ${outcome.why}`)
    return undefined
  }
  const { title, report } = outcome
  console.log(`# ${name}: ${title}\n`)
  for (const table of report.tables) console.log(`${textTable(table)}\n`)
  for (const { what, isMet } of report.checks ?? []) console.log(`${isMet ? '✓' : '✗'} ${what}`)
  for (const line of [...report.notes, ...report.skipped.map((why) => `Not measured: ${why}`)]) {
    console.log(line)
  }
  console.log()
  return { name, title, at: at.toISOString(), ...(commit ? { commit } : {}), load, tookSec, report }
}

/** A run of all suites stands by itself; others replace themselves in the newest result. */
async function keep(found: Result, old: Kept | undefined): Promise<void> {
  const isWhole = found.suites.length === suiteNames.length
  const result = isWhole || !old ? found : merged(old.result, found)
  if (result) console.error(`Kept in bench/results/${await keepResult(results, result)}.`)
  else console.error(`Not kept: bench/results/${old?.file} was measured on another machine.`)
}

async function writePages(): Promise<number> {
  const kept = await newestResult(results)
  if (!kept) {
    console.error('There is no result in bench/results: run npm run bench first.')
    return 1
  }
  const pages = {
    [join(root, 'docs', 'performance.md')]: performanceTables(kept),
    [join(root, 'README.md')]: readmeTables(kept),
  }
  for (const [page, tables] of Object.entries(pages)) {
    await writeFile(page, withTables(await readFile(page, 'utf8'), tables))
  }
  const files = plotFiles(kept.result)
  for (const name of await readdir(plots)) {
    if (name.startsWith(plotPrefix) && !files.has(name)) await rm(join(plots, name))
  }
  for (const [name, svg] of files) await writeFile(join(plots, name), svg)
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
