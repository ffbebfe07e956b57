/** The reference that tells other weights from the approved ones. */
import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import type { LocalStack } from '../support/local-stack.ts'

const script = new URL('../../scripts/spot-check-reference.ts', import.meta.url).pathname
const madeWithinMs = 60_000

const Made = z.looseObject({ prompts: z.int(), noise: z.number() })

/** As an operator makes one: from a runner that it trusts, through the admin API. */
export async function makeReference(
  { ready }: Pick<LocalStack, 'ready'>,
  { profileId, endpoint }: { readonly profileId: string; readonly endpoint: string },
): Promise<z.infer<typeof Made>> {
  const options = {
    profile: profileId,
    endpoint,
    'runtime-kind': 'llamacpp',
    'runtime-version': '*',
    admin: ready.adminUrl,
    'operator-key-file': ready.adminKeyFile,
    prompts: '20',
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], {
    cwd: dirname(script),
    timeout: madeWithinMs,
  })
  return Made.parse(JSON.parse(stdout))
}
