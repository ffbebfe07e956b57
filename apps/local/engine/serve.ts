// The laptop stack's inference server: `node apps/local/engine/serve.ts --model demo.gguf`. Prints
// one line of JSON when it listens, drains on SIGTERM and SIGINT.

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { demoModelName } from './demo-model.ts'
import type { Engine } from './engine.ts'
import { startEngineServer } from './engine-server.ts'
import { openLlamaEngine } from './llama-engine.ts'
import { openScriptedEngine, scriptedModelName } from './scripted-engine.ts'

const drainMs = 5_000
const deferredMax = 64

const wholeNumber = (name: string, min: number, max: number) =>
  z.coerce
    .number({ error: `${name} must be a whole number` })
    .int(`${name} must be a whole number`)
    .min(min, `${name} must be at least ${min}`)
    .max(max, `${name} must be at most ${max}`)

const Options = z.object({
  model: z.string().min(1, '--model must name a file').optional(),
  port: wholeNumber('--port', 0, 65_535),
  slots: wholeNumber('--slots', 1, 16),
  alias: z.string().min(1, '--alias must not be empty').optional(),
  'token-delay-ms': wholeNumber('--token-delay-ms', 0, 60_000),
  scripted: z.boolean(),
})
type Options = z.infer<typeof Options>

type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string }

const readOptions = (args: readonly string[]): Result<Options> => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        model: { type: 'string' },
        port: { type: 'string', default: '8080' },
        slots: { type: 'string', default: '2' },
        alias: { type: 'string' },
        'token-delay-ms': { type: 'string', default: '0' },
        scripted: { type: 'boolean', default: false },
      },
    })
    const parsed = Options.safeParse(values)
    return parsed.success
      ? { ok: true, value: parsed.data }
      : { ok: false, message: `${parsed.error.issues[0]?.message}.` }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

const openEngine = async ({ model, slots, scripted }: Options): Promise<Result<Engine>> => {
  if (scripted) return { ok: true, value: openScriptedEngine() }
  if (model === undefined) {
    return { ok: false, message: 'Name the model with --model FILE, or pass --scripted.' }
  }
  const modelPath = resolve(model)
  const opened = await openLlamaEngine({ modelPath, slots })
  if (opened.ok) return { ok: true, value: opened.engine }
  if (opened.code === 'bad_model') return { ok: false, message: opened.message }
  console.error(
    `The llama.cpp binary for this platform is missing (${opened.message}); ` +
      'a scripted engine stands in: its output is not inference.',
  )
  return { ok: true, value: openScriptedEngine() }
}

const listenFault = (error: unknown, port: number): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return `Port ${port} is in use; choose another with --port.`
  if (code === 'EACCES') return `Port ${port} may not be opened; choose one above 1023 with --port.`
  return `The server cannot listen on port ${port}: ${error instanceof Error ? error.message : error}`
}

const main = async (args: readonly string[]): Promise<Result<void>> => {
  const options = readOptions(args)
  if (!options.ok) return options
  const engine = await openEngine(options.value)
  if (!engine.ok) return engine
  const { port, slots } = options.value
  const ownName = engine.value.facts.kind === 'scripted' ? scriptedModelName : demoModelName
  const alias = options.value.alias ?? ownName
  const tokenDelayMs = options.value['token-delay-ms']
  try {
    const server = await startEngineServer(engine.value, {
      port,
      slots,
      alias,
      deferredMax,
      tokenDelayMs,
    })
    const ready = { ready: true, port: server.port, engine: engine.value.facts.kind, model: alias }
    console.log(JSON.stringify(ready))
    const stop = () => {
      process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1))
      void server
        .close(drainMs)
        .then(() => engine.value.dispose())
        .then(() => process.exit(0))
    }
    process.once('SIGTERM', stop).once('SIGINT', stop)
    return { ok: true, value: undefined }
  } catch (error) {
    await engine.value.dispose()
    return { ok: false, message: listenFault(error, port) }
  }
}

const result = await main(process.argv.slice(2))
if (!result.ok) {
  console.error(result.message)
  process.exitCode = 1
}
