// Stands in where llama.cpp has no binary: it walks the demo model's grammar with a seeded
// generator. It answers with the same words at the same token counts, but it is not inference,
// and its build info says so.

import { setImmediate } from 'node:timers/promises'
import { chatTemplate } from './chat-template.ts'
import { demoContextTokens } from './demo-model.ts'
import { makeDemoCount } from './demo-tokenizer.ts'
import type { Embedder, Engine, Generation, Piece, Prompt } from './engine.ts'
import { successors, type WordClass, wordsOf } from './grammar.ts'

/** FNV-1a over the text's bytes: replies differ from prompt to prompt and repeat for each. */
const hash32 = (text: string, seed: number): number => {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/** Mulberry32: integers below `bound`. */
const makeChooser = (seed: number) => {
  let state = seed
  return (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

const pick = <T>(choose: (bound: number) => number, items: readonly T[]): T => {
  const item = items[choose(items.length)]
  if (item === undefined) throw new RangeError('There is nothing to choose from.')
  return item
}

async function* generate(
  text: string,
  { sampling, tokensMax }: Generation,
): AsyncGenerator<Piece, void, undefined> {
  const choose = makeChooser(hash32(text, sampling.temperature > 0 ? sampling.seed : 0))
  let wordClass: WordClass = 'start'
  for (let generated = 0; generated < tokensMax; generated += 1) {
    await setImmediate()
    wordClass = pick<WordClass>(choose, successors[wordClass])
    yield { text: ` ${pick(choose, wordsOf[wordClass])}`, tokens: 1 }
  }
}

/** Sold under a name of its own: nobody may take its words for inference. */
export const scriptedModelName = 'b3iq/scripted'
export const scriptedEmbeddingName = 'b3iq/scripted-embed'

/**
 * Counts prompts with the demo model's tokenizer, and one token to begin. Names no model file, because a
 * digest of one it does not run would be a false claim.
 */
export const openScriptedEngine = (): Engine => {
  const count = makeDemoCount()
  return {
    facts: {
      kind: 'scripted',
      buildInfo: 'scripted',
      modelPath: 'scripted',
      modelBytes: 0,
      parameters: 0,
      contextTokens: demoContextTokens,
      chatTemplate,
    },
    prompt: (text): Prompt => ({
      tokens: 1 + count(text),
      generate: (generation) => generate(text, generation),
    }),
    dispose: async () => {},
  }
}

const scriptedDimensions = 64

/** Vectors by chance, the same for the same text: near texts are no nearer than others. */
export const openScriptedEmbedder = (): Embedder => {
  const count = makeDemoCount()
  return {
    facts: {
      kind: 'scripted',
      buildInfo: 'scripted',
      modelPath: scriptedEmbeddingName,
      modelBytes: 0,
      parameters: 0,
      contextTokens: demoContextTokens,
    },
    tokens: (text) => 1 + count(text),
    embed: async (_slot, text) => {
      await setImmediate()
      const choose = makeChooser(hash32(text, 0))
      const raw = Float32Array.from({ length: scriptedDimensions }, () => choose(2_001) - 1_000.5)
      const length = Math.hypot(...raw)
      return raw.map((value) => value / length)
    },
  }
}
