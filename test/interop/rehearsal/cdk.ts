/** The pinned CLI of the CDK against the emulator, with the commands that an operator types. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { account, type Emulator, region } from './emulator.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const binary = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk')
const runWithinMs = 190_000
const Failed = z.looseObject({ code: z.unknown(), stdout: z.string(), stderr: z.string() })

export type Ran = { readonly status: unknown; readonly output: string }

export function makeCdk({ environment, folder }: Emulator, stage: string) {
  const run = (cwd: string, ...args: readonly string[]): Promise<Ran> =>
    promisify(execFile)(process.execPath, [binary, ...args], {
      cwd,
      env: environment,
      timeout: runWithinMs,
      maxBuffer: 16 * 1024 * 1024,
    }).then(
      ({ stdout, stderr }) => ({ status: 0, output: `${stdout}${stderr}` }),
      (error) => {
        const { code, stdout, stderr } = Failed.parse(error)
        return { status: code, output: `${stdout}${stderr}` }
      },
    )
  /** Where the last deployment's templates and bundles lie. */
  const assembly = join(folder, 'assembly')
  return {
    assembly,
    // Outside the repository: an account is made ready for any application.
    bootstrap: () => run(folder, 'bootstrap', `aws://${account}/${region}`),
    deploy: () =>
      run(
        root,
        'deploy',
        '--all',
        ...['--context', `stage=${stage}`],
        ...['--require-approval', 'never'],
        ...['--output', assembly],
      ),
    /** All stacks of the last deployment, or those named. */
    destroy: (...stacks: readonly string[]) => {
      const which = stacks.length > 0 ? stacks : ['--all']
      return run(root, 'destroy', ...which, '--force', '--app', assembly)
    },
  }
}
