/** Runs the command line as its user does: another process, judged by output and exit code. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..', '..', '..')
export const pinnedNode = join(root, 'node_modules', '.bin', 'node')
export const launcher = join(root, 'apps', 'cli', 'b3iq.mjs')

export type Run = { readonly code: number; readonly out: string; readonly err: string }

const timeoutMs = 15_000

export function run(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const [file, ...args] = command
  const options = { timeout: timeoutMs, env: { ...process.env, ...env } }
  return new Promise((resolve) => {
    const child = execFile(file, args, options, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

export const runCli = (...args: string[]): Promise<Run> => run([pinnedNode, launcher, ...args])
