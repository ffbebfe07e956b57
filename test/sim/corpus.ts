/**
 * Plants each known bug in turn and plays histories until the checker notices. Fails when one goes
 * unnoticed within its budget, breaks a promise that nobody expected, or when the canary is silent.
 * With `--starts N` each bug is looked for from N different seeds, and median and maximum are told.
 */
import { availableParallelism } from 'node:os'
import { bugs, findBug } from './bugs/corpus.ts'
import { FlagError, parseFlags } from './run/flags.ts'
import type { PlantedBug } from './run/plant-bug.ts'
import { runSeeds } from './run/run-workers.ts'

/** Starts of one bug lie so far apart that their histories never meet. */
const startStride = 1_000_000

type Search = {
  readonly bug: PlantedBug
  /** Histories until the checker noticed, per start; undefined where it did not. */
  readonly found: (number | undefined)[]
  readonly broken: Set<string>
}

async function main(): Promise<number> {
  const flags = parseFlags(process.argv.slice(2), ['bug', 'starts', 'from', 'workers'])
  const chosen = flags.bug === undefined ? bugs : [findBug(flags.bug)]
  const starts = flags.starts ?? 1
  const from = flags.from ?? 1
  const workers = flags.workers ?? availableParallelism()
  const searches = chosen.map((bug): Search => ({ bug, found: [], broken: new Set() }))
  const jobs = searches.flatMap((search) =>
    Array.from({ length: starts }, (_, index) => ({ search, from: from + index * startStride })),
  )
  const next = jobs.values()
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const { search, from: start } of next) await look(search, start)
    }),
  )
  console.log(table(searches))
  const missed = searches.filter((search) => !isCaught(search))
  for (const { bug, broken } of missed) {
    console.error(
      `Bug ${bug.name} went unnoticed, or broke ${[...broken].join(', ') || 'nothing'} instead.`,
    )
  }
  const isCanaryAlive = await canaryFails(from)
  if (!isCanaryAlive) console.error('The canary is silent: a broken promise fails no run.')
  return missed.length === 0 && isCanaryAlive ? 0 : 1
}

async function look({ bug, found, broken }: Search, from: number): Promise<void> {
  const setup = { bug, canary: false }
  const run = { from, seeds: bug.budget, workers: 1, setup, onProgress: () => undefined }
  const { failure } = await runSeeds(run)
  if (failure) broken.add(failure.invariant)
  const isExpected = failure !== undefined && bug.breaks.includes(failure.invariant)
  found.push(isExpected ? failure.seed - from + 1 : undefined)
}

const isCaught = ({ found }: Search): boolean => found.every((one) => one !== undefined)

async function canaryFails(from: number): Promise<boolean> {
  const setup = { bug: undefined, canary: true }
  const run = { from, seeds: 100, workers: 1, setup, onProgress: () => undefined }
  return (await runSeeds(run)).failure?.invariant === 'canary'
}

function table(searches: readonly Search[]): string {
  const width = Math.max(...searches.map(({ bug }) => bug.name.length)) + 2
  const rows = searches.map(({ bug, found, broken }) => {
    const seeds = found.map((one) => one ?? Infinity).sort((one, other) => one - other)
    const median = seeds[Math.floor(seeds.length / 2)] ?? Infinity
    const cells = [median, seeds.at(-1) ?? Infinity, bug.budget].map((one) =>
      shown(one).padStart(9),
    )
    return `${bug.name.padEnd(width)}${[...broken].join(' ').padEnd(10)}${cells.join('')}`
  })
  const head = `${'bug'.padEnd(width)}${'breaks'.padEnd(10)}${['median', 'max', 'budget'].map((one) => one.padStart(9)).join('')}`
  return [head, ...rows].join('\n')
}

const shown = (histories: number): string =>
  Number.isFinite(histories) ? String(histories) : 'never'

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof FlagError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
