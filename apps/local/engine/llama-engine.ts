// The real engine: llama.cpp on one CPU thread, through node-llama-cpp's prebuilt binary.
//
// One thread, because llama.cpp's threads spin while they wait for each other: on a shared
// two-core machine a second one turns milliseconds into seconds. One context per slot, because
// sequences that share a context are computed in one batch, whose shape changes the rounding:
// apart, a greedy or seeded reply never depends on what else is running.

import type {
  Llama,
  LlamaContextSequence,
  LlamaModel,
  SequenceEvaluateOptions,
  Token,
  TokenBias,
} from 'node-llama-cpp'
import { chatTemplate } from './chat-template.ts'
import { embeddingModelName } from './demo-model.ts'
import { makeDetokenizer } from './detokenizer.ts'
import type { Embedder, Engine, Generation, ModelFacts, Piece, Prompt } from './engine.ts'
import { grammarBias } from './grammar-bias.ts'
import { openLlamaEmbedder } from './llama-embedder.ts'
import { type Reader, startReader } from './logprob-reader.ts'
import { inspectModelFile } from './model-file.ts'

export type OpenedEngine =
  | { readonly ok: true; readonly engine: Engine; readonly embedder?: Embedder | undefined }
  | { readonly ok: false; readonly code: 'binary_missing' | 'bad_model'; readonly message: string }

type OpenOptions = {
  readonly modelPath: string
  readonly slots: number
  /** A second model, for embeddings. */
  readonly embedding?: { readonly modelPath: string; readonly slots: number } | undefined
}

type File = { readonly modelPath: string; readonly modelBytes: number }

const messageOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)

/** The package and a working binary for this machine; `log` takes llama.cpp's error lines. */
const loadLlama = async (log: (line: string) => void) => {
  try {
    const { getLlama, LlamaLogLevel, readGgufFileInfo } = await import('node-llama-cpp')
    const llama = await getLlama({
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      gpu: false,
      maxThreads: 1,
      logLevel: LlamaLogLevel.error,
      logger: (_level, message) => log(message.trim()),
    })
    return { ok: true, llama, readGgufFileInfo } as const
  } catch (error) {
    return { ok: false, message: messageOf(error) } as const
  }
}

const openSequence = async (model: LlamaModel): Promise<LlamaContextSequence> => {
  const context = await model.createContext({
    contextSize: model.trainContextSize,
    sequences: 1,
    threads: 1,
    // On a CPU with heads this narrow, plain attention is twice as fast.
    flashAttention: false,
  })
  return context.getSequence()
}

type Slot = {
  readonly sequence: LlamaContextSequence
  /** Reads log-probabilities; opened by the slot's first request for them. */
  readonly reading: () => Promise<LlamaContextSequence>
}

const openSlots = async (model: LlamaModel, count: number): Promise<readonly Slot[]> => {
  const slots: Slot[] = []
  while (slots.length < count) {
    let opening: Promise<LlamaContextSequence> | undefined
    slots.push({
      sequence: await openSequence(model),
      reading: () => {
        opening ??= openSequence(model)
        return opening
      },
    })
  }
  return slots
}

/** What holds a generation to its grammar. A state follows one reply and no other. */
const makeConstrain =
  (llama: Llama, model: LlamaModel, tokenBias: TokenBias) =>
  async (gbnf: string): Promise<SequenceEvaluateOptions> => {
    const { LlamaGrammarEvaluationState } = await import('node-llama-cpp')
    const grammar = await llama.createGrammar({ grammar: gbnf })
    return {
      grammarEvaluationState: new LlamaGrammarEvaluationState({ model, grammar }),
      tokenBias,
    }
  }
type Constrain = ReturnType<typeof makeConstrain>

async function* generate(
  { sequence, reading }: Slot,
  prompt: Token[],
  constrain: Constrain,
  { sampling, tokensMax, topLogprobs, grammar }: Generation,
): AsyncGenerator<Piece, void, undefined> {
  await sequence.clearHistory()
  let reader: Reader | undefined
  if (topLogprobs !== undefined) reader = await startReader(await reading(), prompt, topLogprobs)
  const detokenizer = makeDetokenizer<Token>((tokens, before) =>
    sequence.model.detokenize(tokens, false, before),
  )
  const constraint = grammar === undefined ? {} : await constrain(grammar)
  let generated = 0
  try {
    for await (const token of sequence.evaluate(prompt, { ...sampling, ...constraint })) {
      generated += 1
      const piece = { text: detokenizer.push(token), tokens: 1 } as const
      yield reader ? { ...piece, reading: await reader.read(token) } : piece
      if (generated >= tokensMax) break
    }
  } finally {
    await reader?.end()
  }
  const text = detokenizer.flush()
  if (text !== '') yield { text, tokens: 0 }
}

const promptOver =
  (model: LlamaModel, slots: readonly Slot[], constrain: Constrain) =>
  (text: string): Prompt => {
    const begin = model.tokens.bos
    // Special tokens written out in a prompt are plain text: a customer cannot forge them.
    const tokens = [...(begin === null ? [] : [begin]), ...model.tokenize(text, false)]
    return {
      tokens: tokens.length,
      generate(generation) {
        const slot = slots[generation.slot]
        if (slot === undefined) throw new RangeError(`There is no slot ${generation.slot}.`)
        return generate(slot, tokens, constrain, generation)
      },
    }
  }

const countParameters = (model: LlamaModel): number =>
  (model.fileInfo.tensorInfo ?? [])
    .map(({ dimensions }) =>
      dimensions.reduce<number>((product, size) => product * Number(size), 1),
    )
    .reduce((sum, elements) => sum + elements, 0)

const factsOf =
  (llama: Llama, file: File) =>
  (model: LlamaModel): ModelFacts => ({
    kind: 'llama.cpp',
    buildInfo: llama.llamaCppRelease.release,
    ...file,
    parameters: countParameters(model),
    contextTokens: model.trainContextSize,
  })

const openModel = async (llama: Llama, file: File, slots: number): Promise<Engine> => {
  const model = await llama.loadModel({ modelPath: file.modelPath })
  const opened = await openSlots(model, slots)
  return {
    facts: { ...factsOf(llama, file)(model), chatTemplate },
    prompt: promptOver(model, opened, makeConstrain(llama, model, await grammarBias(model))),
    dispose: () => llama.dispose(),
  }
}

const notOurs = (path: string): string =>
  `${path} is not the demo model, the only one this engine serves; run other models ` +
  'with their own runtime and give its address to npm start with --runtime URL'

/** Opens each model with one context per slot; the caller disposes of the engine. */
export const openLlamaEngine = async (options: OpenOptions): Promise<OpenedEngine> => {
  const { modelPath, embedding } = options
  const bad = (message: string) => ({ ok: false, code: 'bad_model', message }) as const
  const file = await inspectModelFile(modelPath)
  if (!file.ok) return bad(file.message)
  const embeddingFile = embedding && (await inspectModelFile(embedding.modelPath))
  if (embeddingFile?.ok === false) return bad(embeddingFile.message)

  // While the model loads, llama.cpp's first complaint is the reason to report; after that its
  // complaints belong in the log.
  const complaints: string[] = []
  let log = (line: string): void => {
    complaints.push(line)
  }
  const loaded = await loadLlama((line) => log(line))
  if (!loaded.ok) return { ok: false, code: 'binary_missing', message: loaded.message }
  try {
    const { llama, readGgufFileInfo } = loaded
    const refuse = async (path: string) => {
      await llama.dispose()
      return bad(notOurs(path))
    }
    const { metadata } = await readGgufFileInfo(modelPath)
    if (metadata.tokenizer?.chat_template !== chatTemplate) return await refuse(modelPath)
    const engine = await openModel(llama, { modelPath, modelBytes: file.bytes }, options.slots)
    let embedder: Embedder | undefined
    if (embedding && embeddingFile) {
      const { metadata: told } = await readGgufFileInfo(embedding.modelPath)
      if (told.general.name !== embeddingModelName) return await refuse(embedding.modelPath)
      const opened = { modelPath: embedding.modelPath, modelBytes: embeddingFile.bytes }
      embedder = await openLlamaEmbedder(llama, { ...embedding, factsOf: factsOf(llama, opened) })
    }
    log = (line) => {
      process.stderr.write(`${line}\n`)
    }
    return { ok: true, engine, embedder }
  } catch (error) {
    await loaded.llama.dispose()
    const reason = complaints[0] ?? messageOf(error)
    return bad(`llama.cpp cannot load ${modelPath} (${reason}); write the file again`)
  }
}
