// The demo model: a llama-architecture transformer of about a megabyte whose weights are random
// numbers. It runs through the same code as every model, so that queues, aborts, sampling and token
// counts are real; its sentences mean nothing.
//
// Two things in it are arranged rather than random. The first channels of the residual stream
// carry a constant and the class of the last token, and no layer writes to them. The output
// matrix reads them so that words follow the grammar and so that nothing but words is ever
// chosen, not even the end of sequence: a run ends at its token limit, a stop string or the
// context, and whoever asks for 256 tokens gets 256.
//
// Other variants exist for tests of what a host might serve in its place: other weights under the
// same vocabulary, and the same weights at a lower precision.

import { chatTemplate } from './chat-template.ts'
import type { Gguf, MetadataValue, Tensor } from './gguf.ts'
import { successors, wordClasses } from './grammar.ts'
import { fileTypes, type Precision } from './tensor-precision.ts'
import { specialIds, type VocabularyEntry, vocabulary } from './vocabulary.ts'

/** The name under which the laptop stack offers the model. */
export const demoModelName = 'b3iq/tiny-random'
/** Its variant that embeds: the same vocabulary under other weights, and no chat template. */
export const embeddingModelName = 'b3iq/tiny-embed'

export type ModelVariant = {
  /** Of the random weights. */
  readonly seed: number
  /** Of the matrices; norms stay F32, as converters keep them. */
  readonly precision: Precision
  readonly embeds?: boolean
}

export const demoVariant: ModelVariant = { seed: 20_261, precision: 'F32' }
export const embeddingVariant: ModelVariant = { seed: 20_262, precision: 'F32', embeds: true }
export const demoContextTokens = 2048
const layers = 2
const heads = 4
const width = 64
const feedForwardWidth = 128

// Sharp attention makes each step depend on one far token or another; with less of it, greedy
// decoding falls into a loop after a sentence or two.
const attentionGain = 3
const valueGain = 1.5

/** Added to the logit of a word that the grammar allows next; outweighs any random logit. */
const grammarLogit = 20
/** The logit of tokens that are never chosen. */
const unspokenLogit = -18

const constantChannel = 0
const arrangedChannels = 1 + wordClasses.length

/** Uniform in [-1, 1) from xorshift32: integer arithmetic only, so that all platforms agree. */
const makeUniform = (seed: number) => {
  let state = seed
  return (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  }
}

type Cell = { readonly row: number; readonly column: number }
type Fill = (cell: Cell) => number

/** A GGUF matrix maps `inputs` numbers to `outputs` numbers, one row for each output. */
const matrix = (name: string, inputs: number, outputs: number, fill: Fill): Tensor => {
  const values = new Float32Array(inputs * outputs)
  for (let row = 0; row < outputs; row += 1) {
    for (let column = 0; column < inputs; column += 1) {
      values[row * inputs + column] = fill({ row, column })
    }
  }
  return { name, shape: [inputs, outputs], values }
}

const norm = (name: string): Tensor => ({
  name,
  shape: [width],
  values: new Float32Array(width).fill(1),
})

/** What the arranged channels of a token's embedding hold: the constant, and its class. */
const embeddingChannel = ({ wordClass }: VocabularyEntry, column: number): number =>
  column === constantChannel || wordClasses[column - 1] === wordClass ? 1 : 0

/** What a token's output row takes from an arranged channel. */
const outputChannel = ({ wordClass }: VocabularyEntry, column: number): number => {
  if (wordClass === 'start') return column === constantChannel ? unspokenLogit : 0
  const previous = wordClasses[column - 1]
  return previous !== undefined && successors[previous].includes(wordClass) ? grammarLogit : 0
}

const layerTensors = (layer: number, random: (inputs: number, gain: number) => Fill): Tensor[] => {
  const name = (part: string) => `blk.${layer}.${part}.weight`
  const square = (part: string, gain: number) =>
    matrix(name(part), width, width, random(width, gain))
  const unarranged =
    (fill: Fill): Fill =>
    (cell) =>
      cell.row < arrangedChannels ? 0 : fill(cell)
  return [
    norm(name('attn_norm')),
    square('attn_q', attentionGain),
    square('attn_k', attentionGain),
    square('attn_v', valueGain),
    matrix(name('attn_output'), width, width, unarranged(random(width, 1))),
    norm(name('ffn_norm')),
    matrix(name('ffn_gate'), width, feedForwardWidth, random(width, 1)),
    matrix(name('ffn_up'), width, feedForwardWidth, random(width, 1)),
    matrix(name('ffn_down'), feedForwardWidth, width, unarranged(random(feedForwardWidth, 1))),
  ]
}

const tensors = ({ seed, precision }: ModelVariant): Tensor[] => {
  const uniform = makeUniform(seed)
  /** Of variance gain² / inputs, so that a signal keeps its size on the way through. */
  const random = (inputs: number, gain: number): Fill => {
    const bound = gain * Math.sqrt(3 / inputs)
    return () => uniform() * bound
  }
  const ofToken =
    (arranged: (entry: VocabularyEntry, column: number) => number, others: Fill): Fill =>
    (cell) => {
      const entry = vocabulary[cell.row]
      if (entry === undefined) throw new RangeError(`There is no token ${cell.row}.`)
      return cell.column < arrangedChannels ? arranged(entry, cell.column) : others(cell)
    }
  const wordsOnly =
    (fill: Fill): Fill =>
    (cell) =>
      vocabulary[cell.row]?.wordClass === 'start' ? 0 : fill(cell)
  const all = [
    matrix('token_embd.weight', width, vocabulary.length, ofToken(embeddingChannel, uniform)),
    ...Array.from({ length: layers }, (_, layer) => layerTensors(layer, random)).flat(),
    norm('output_norm.weight'),
    matrix(
      'output.weight',
      width,
      vocabulary.length,
      ofToken(outputChannel, wordsOnly(random(width, 1))),
    ),
  ]
  return all.map((tensor) => (tensor.shape.length > 1 ? { ...tensor, precision } : tensor))
}

const u32 = (value: number): MetadataValue => ({ type: 'u32', value })
const bool = (value: boolean): MetadataValue => ({ type: 'bool', value })
const string = (value: string): MetadataValue => ({ type: 'string', value })

const metadata = ({ precision, embeds }: ModelVariant): Record<string, MetadataValue> => ({
  'general.architecture': string('llama'),
  'general.name': string(embeds ? embeddingModelName : demoModelName),
  'general.description': string('Random weights for demonstrations; not a trained model.'),
  'general.file_type': u32(fileTypes[precision]),
  'llama.vocab_size': u32(vocabulary.length),
  'llama.context_length': u32(demoContextTokens),
  'llama.embedding_length': u32(width),
  'llama.block_count': u32(layers),
  'llama.feed_forward_length': u32(feedForwardWidth),
  'llama.attention.head_count': u32(heads),
  'llama.attention.head_count_kv': u32(heads),
  'llama.attention.layer_norm_rms_epsilon': { type: 'f32', value: 1e-5 },
  'llama.rope.dimension_count': u32(width / heads),
  'tokenizer.ggml.model': string('llama'),
  'tokenizer.ggml.tokens': { type: 'string[]', value: vocabulary.map(({ text }) => text) },
  // Joins never compete, so their order is of no account; each has a score of its own all the same.
  'tokenizer.ggml.scores': { type: 'f32[]', value: vocabulary.map((_, id) => -id) },
  'tokenizer.ggml.token_type': { type: 'i32[]', value: vocabulary.map(({ kind }) => kind) },
  'tokenizer.ggml.unknown_token_id': u32(specialIds.unknown),
  'tokenizer.ggml.bos_token_id': u32(specialIds.begin),
  'tokenizer.ggml.eos_token_id': u32(specialIds.end),
  'tokenizer.ggml.add_bos_token': bool(true),
  'tokenizer.ggml.add_space_prefix': bool(false),
  ...(embeds ? {} : { 'tokenizer.chat_template': string(chatTemplate) }),
})

/** The whole model; the same values every time. */
export const demoModel = (variant: ModelVariant = demoVariant): Gguf => ({
  metadata: metadata(variant),
  tensors: tensors(variant),
})
