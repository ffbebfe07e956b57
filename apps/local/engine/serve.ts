// The laptop stack's inference server: `node apps/local/engine/serve.ts --model demo.gguf`. Prints
// one line of JSON when it listens, drains on SIGTERM and SIGINT. `--embedding-model FILE` opens a
// second model beside it, for embeddings.

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { demoModelName, embeddingModelName } from './demo-model.ts'
import type { Embedder, Engine } from './engine.ts'
import { startEngineServer } from './engine-server.ts'
import { openLlamaEngine } from './llama-engine.ts'
import {
  openScriptedEmbedder,
  openScriptedEngine,
  scriptedEmbeddingName,
  scriptedModelName,
} from './scripted-engine.ts'

const drainMs = 5_000
const deferredMax = 64
/** Of the model that embeds: texts are short work. */
const embeddingSlots = 2

const wholeNumber = (name: string, min: number, max: number) =>
  z.coerce
    .number({ error: `${name} must be a whole number` })
    .int(`${name} must be a whole number`)
    .min(min, `${name} must be at least ${min}`)
    .max(max, `${name} must be at most ${max}`)

const Options = z.object({
  model: z.string().min(1, '--model must name a file').optional(),
  'embedding-model': z.string().min(1, '--embedding-model must name a file').optional(),
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
        'embedding-model': { type: 'string' },
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

type Opened = { readonly engine: Engine; readonly embedder?: Embedder | undefined }

const openEngine = async (options: Options): Promise<Result<Opened>> => {
  const { model, slots, 'embedding-model': embeddingModel } = options
  const byScript = (): Result<Opened> => {
    const embedder = embeddingModel === undefined ? undefined : openScriptedEmbedder()
    return { ok: true, value: { engine: openScriptedEngine(), embedder } }
  }
  if (options.scripted) return byScript()
  if (model === undefined) {
    return { ok: false, message: 'Name the model with --model FILE, or pass --scripted.' }
  }
  const embedding =
    embeddingModel === undefined
      ? undefined
      : { modelPath: resolve(embeddingModel), slots: embeddingSlots }
  const opened = await openLlamaEngine({ modelPath: resolve(model), slots, embedding })
  if (opened.ok) return { ok: true, value: opened }
  if (opened.code === 'bad_model') return { ok: false, message: opened.message }
  console.error(
    `The llama.cpp binary for this platform is missing (${opened.message}); ` +
      'a scripted engine stands in: its output is not inference.',
  )
  return byScript()
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
  const opened = await openEngine(options.value)
  if (!opened.ok) return opened
  const { engine, embedder } = opened.value
  const { port, slots } = options.value
  const isScripted = engine.facts.kind === 'scripted'
  const alias = options.value.alias ?? (isScripted ? scriptedModelName : demoModelName)
  const embedding = embedder && {
    embedder,
    alias: isScripted ? scriptedEmbeddingName : embeddingModelName,
    slots: embeddingSlots,
  }
  const tokenDelayMs = options.value['token-delay-ms']
  try {
    const server = await startEngineServer(engine, {
      port,
      slots,
      alias,
      embedding,
      deferredMax,
      tokenDelayMs,
    })
    const ready = { ready: true, port: server.port, engine: engine.facts.kind, model: alias }
    console.log(JSON.stringify(ready))
    const stop = () => {
      process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1))
      void server
        .close(drainMs)
        .then(() => engine.dispose())
        .then(() => process.exit(0))
    }
    process.once('SIGTERM', stop).once('SIGINT', stop)
    return { ok: true, value: undefined }
  } catch (error) {
    await engine.dispose()
    return { ok: false, message: listenFault(error, port) }
  }
}

const result = await main(process.argv.slice(2))
if (!result.ok) {
  console.error(result.message)
  process.exitCode = 1
}
