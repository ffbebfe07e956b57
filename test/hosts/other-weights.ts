/** An engine that serves other weights than the approved ones. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as z from 'zod'
import { demoVariant } from '../../apps/local/engine/demo-model.ts'
import { writeDemoModel } from '../../apps/local/engine/write-model.ts'

const serve = new URL('../../apps/local/engine/serve.ts', import.meta.url).pathname

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
