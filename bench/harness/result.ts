/**
 * What a run found, as it is kept: one file a day, `bench/results/<date>.json`. Each suite has its own time
 * and commit, because one that is measured anew replaces itself alone.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { Commit, Machine } from './machine.ts'
import { isSuiteName, type SuiteName, suiteNames } from './registry.ts'
import { SuiteReport } from './suite.ts'

const MeasuredSuite = z
  .strictObject({
    name: z.custom<SuiteName>(isSuiteName, 'there is no such suite'),
    title: z.string(),
    at: z.iso.datetime(),
    commit: Commit.optional(),
    /** Of the machine, before the suite. */
    load: z.number(),
    tookSec: z.number(),
    report: SuiteReport,
  })
  .readonly()
export type MeasuredSuite = z.infer<typeof MeasuredSuite>

export const Result = z
  .strictObject({ machine: Machine, suites: z.array(MeasuredSuite).readonly() })
  .readonly()
export type Result = z.infer<typeof Result>

const fileName = /^\d{4}-\d\d-\d\d\.json$/

export type Kept = { readonly file: string; readonly result: Result }

/** Undefined where nothing was kept. */
export async function newestResult(folder: string): Promise<Kept | undefined> {
  const files = await readdir(folder).catch(() => [])
  const file = files
    .filter((name) => fileName.test(name))
    .toSorted()
    .at(-1)
  return file === undefined ? undefined : readResult(folder, file)
}

/** Throws one sentence where the file is none of these results. */
export async function readResult(folder: string, file: string): Promise<Kept> {
  const text = await readFile(join(folder, file), 'utf8')
  const { data: result } = Result.safeParse(parseJson(text))
  if (!result) throw new Error(`bench/results/${file} cannot be read as a result: remove it.`)
  return { file, result }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Under the day of its newest suite. */
export async function keepResult(folder: string, result: Result): Promise<string> {
  const day = result.suites
    .map(({ at }) => at.slice(0, 10))
    .toSorted()
    .at(-1)
  if (day === undefined) throw new Error('there is nothing to keep')
  await mkdir(folder, { recursive: true })
  const file = `${day}.json`
  await writeFile(join(folder, file), `${JSON.stringify(result, null, 1)}\n`)
  return file
}

/** Suites measured anew take the place of the old ones; undefined where another machine measured those. */
export function merged(old: Result, { machine, suites }: Result): Result | undefined {
  if (!isDeepStrictEqual(old.machine, machine)) return undefined
  const all = [...suites, ...old.suites]
  return {
    machine,
    suites: suiteNames.flatMap((name) => all.find((suite) => suite.name === name) ?? []),
  }
}
