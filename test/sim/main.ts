/**
 * Plays histories of the real ledger under faults: `npm run sim -- --seeds 20000`. Fails when a history
 * breaks a promise, or when one of the rare things that the promises are for was too rare.
 */
import { availableParallelism } from 'node:os'
import { findBug } from './bugs/corpus.ts'
import { countsTable, historiesForFloors, shortfalls } from './engine/sometimes.ts'
import { floors } from './floors.ts'
import { FlagError, type Flags, parseFlags } from './run/flags.ts'
import type { Failure } from './run/play.ts'
import { startProgress } from './run/progress.ts'
import { replaySeed, runSeeds } from './run/run-workers.ts'
import type { WorkerSetup } from './run/sim-worker.ts'

const seedsByDefault = 20_000

async function main(): Promise<number> {
  const flags = parseFlags(process.argv.slice(2), [
    'seeds',
    'from',
    'seed',
    'bug',
    'workers',
    'canary',
  ])
  const bug = flags.bug === undefined ? undefined : findBug(flags.bug)
  const setup = { bug, canary: flags.canary }
  return flags.seed === undefined ? play(flags, setup) : replay(flags.seed, setup)
}

async function play(flags: Flags, setup: WorkerSetup): Promise<number> {
  const seeds = flags.seeds ?? seedsByDefault
  const from = flags.from ?? 1
  const workers = flags.workers ?? availableParallelism()
  const progress = startProgress(seeds)
  const report = await runSeeds({ from, seeds, workers, setup, onProgress: progress.show })
  const seconds = progress.stop()
  const { histories, events, digest, counts, failure } = report
  // A planted bug may well keep rare things from happening: then the floors say nothing.
  const short = failure || setup.bug ? [] : shortfalls(counts, floors, histories)
  if (!failure) console.log(countsTable(counts, floors, histories))
  console.log(
    `\n${histories} histories from seed ${from}, ${events} events, ${seconds.toFixed(1)} s, ` +
      `${Math.round(histories / seconds / workers)} histories a second and worker, digest ${digest}`,
  )
  if (failure) return explain(failure, setup)
  for (const { name, seen, floor } of short) {
    console.error(`Too rare: ${name} happened ${seen} times, the floor is ${floor}.`)
  }
  if (histories < historiesForFloors) console.log('Too few histories to judge how rare things are.')
  if (short.length === 0) console.log('No promise was broken.')
  return short.length === 0 ? 0 : 1
}

async function explain(failure: Failure, setup: WorkerSetup): Promise<number> {
  console.error(`\nSeed ${failure.seed} broke ${failure.invariant}: ${failure.message}`)
  if (failure.invariant === 'canary') return 1
  console.error('\nThe smallest history that breaks the same promise:\n')
  const smallest = await replaySeed(failure.seed, setup, true)
  for (const line of smallest.lines) console.error(line)
  console.error(`\n${smallest.failure?.invariant ?? ''}: ${smallest.failure?.message ?? ''}`)
  const planted = setup.bug ? ` --bug ${setup.bug.name}` : ''
  console.error(`\nAll of it: npm run sim -- --seed ${failure.seed}${planted}`)
  return 1
}

async function replay(seed: number, setup: WorkerSetup): Promise<number> {
  const { lines, failure, digest } = await replaySeed(seed, setup, false)
  for (const line of lines) console.log(line)
  console.log(`\nseed ${seed}, digest ${(digest >>> 0).toString(16).padStart(8, '0')}`)
  if (!failure) return 0
  console.error(`Broke ${failure.invariant}: ${failure.message}`)
  return 1
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof FlagError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
