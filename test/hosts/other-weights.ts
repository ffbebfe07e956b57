/** An engine that serves other weights, and the reference that tells them from the approved ones. */
import { execFile, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import * as z from 'zod'
import { demoVariant } from '../../apps/local/engine/demo-model.ts'
import { writeDemoModel } from '../../apps/local/engine/write-model.ts'
import type { LocalStack } from '../support/local-stack.ts'

const serve = new URL('../../apps/local/engine/serve.ts', import.meta.url).pathname
const script = new URL('../../scripts/spot-check-reference.ts', import.meta.url).pathname

const ReadyLine = z.object({ ready: z.literal(true), port: z.int() })

export async function startOtherWeights(folder: string) {
  const file = join(folder, 'other.gguf')
  await writeDemoModel(file, { ...demoVariant, seed: demoVariant.seed + 1 })
  const args = [serve, '--model', file, '--port', '0', '--slots', '4']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const first = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve)
    child.once('exit', () => reject(new Error('the engine with other weights ended')))
  })
  const { port } = ReadyLine.parse(JSON.parse(first))
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGKILL')
    },
  }
}

/** As an operator makes one: from a runner that it trusts, through the admin API. */
export async function makeReference(
  { ready }: Pick<LocalStack, 'ready'>,
  { profileId, endpoint }: { readonly profileId: string; readonly endpoint: string },
): Promise<void> {
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
  await promisify(execFile)(process.execPath, [script, ...args], { cwd: dirname(script) })
}
