/** What ran the measurements: without it a number says little. */
import { execFile } from 'node:child_process'
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'
import { promisify } from 'node:util'
import * as z from 'zod'

export const Machine = z
  .strictObject({
    processor: z.string(),
    cores: z.int().min(1),
    memoryGib: z.number(),
    kernel: z.string(),
    node: z.string(),
  })
  .readonly()
export type Machine = z.infer<typeof Machine>

export const Commit = z.strictObject({ hash: z.string(), isDirty: z.boolean() }).readonly()
export type Commit = z.infer<typeof Commit>

export const thisMachine = (): Machine => ({
  processor: (cpus()[0]?.model ?? 'unknown').trim(),
  cores: availableParallelism(),
  memoryGib: Math.round(totalmem() / 2 ** 30),
  kernel: `${platform()} ${release()}`,
  node: process.version,
})

/** Processes that ran or waited for a core over the last minute. */
export const loadNow = (): number => Number((loadavg()[0] ?? 0).toFixed(2))

const run = promisify(execFile)

/** Undefined outside of a checkout. Results and what is written from them change no measurement. */
export async function commitNow(folder: string): Promise<Commit | undefined> {
  const git = async (...args: readonly string[]) =>
    (await run('git', [...args], { cwd: folder, timeout: 10_000 })).stdout.trim()
  try {
    const hash = await git('rev-parse', '--short=12', 'HEAD')
    const changed = await git('status', '--porcelain', '--', '.', ':!bench/results', ':!docs')
    return { hash, isDirty: changed !== '' }
  } catch {
    return undefined
  }
}
