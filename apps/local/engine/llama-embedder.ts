// Vectors from the last hidden state of a model, by llama.cpp. One context per slot, for the reason
// that llama-engine.ts gives: apart, a vector never depends on what else is running.

import type { Llama, LlamaEmbeddingContext, LlamaModel } from 'node-llama-cpp'
import type { Embedder, ModelFacts } from './engine.ts'

/** Begins every sequence, as the model was told to. */
const tokensOf = (model: LlamaModel, text: string) => {
  const begin = model.tokens.bos
  // Special tokens written out in a text are plain text, as they are in a prompt.
  return [...(begin === null ? [] : [begin]), ...model.tokenize(text, false)]
}

const openContext = (model: LlamaModel): Promise<LlamaEmbeddingContext> =>
  model.createEmbeddingContext({
    contextSize: model.trainContextSize,
    batchSize: model.trainContextSize,
    threads: 1,
  })

const ofLengthOne = (vector: readonly number[]): Float32Array => {
  const length = Math.hypot(...vector)
  return Float32Array.from(vector, (value) => value / length)
}

export const openLlamaEmbedder = async (
  llama: Llama,
  options: {
    readonly modelPath: string
    readonly slots: number
    readonly factsOf: (model: LlamaModel) => ModelFacts
  },
): Promise<Embedder> => {
  const model = await llama.loadModel({ modelPath: options.modelPath })
  const contexts: LlamaEmbeddingContext[] = []
  while (contexts.length < options.slots) contexts.push(await openContext(model))
  return {
    facts: options.factsOf(model),
    tokens: (text) => tokensOf(model, text).length,
    embed: async (slot, text) => {
      const context = contexts[slot]
      if (context === undefined) throw new RangeError(`There is no slot ${slot}.`)
      const { vector } = await context.getEmbeddingFor(tokensOf(model, text))
      return ofLengthOne(vector)
    },
  }
}
