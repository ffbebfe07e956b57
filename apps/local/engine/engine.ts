// What the HTTP surface needs from an inference engine. Two stand behind it: llama.cpp, and a
// scripted one for machines without its binary.

export type Sampling = {
  /** 0 is greedy. */
  readonly temperature: number
  readonly topP: number
  /** 32-bit unsigned. */
  readonly seed: number
}

/** A token as text and as UTF-8 bytes, with the natural logarithm of the model's probability for it. */
export type TokenLogprob = {
  readonly token: string
  readonly bytes: readonly number[]
  readonly logprob: number
}

/** A generated token and the likeliest ones in its place, most likely first. */
export type Reading = TokenLogprob & { readonly top: readonly TokenLogprob[] }

/** `tokens` is 1 for each token generated, 0 for text that was still held back at the end. */
export type Piece = {
  readonly text: string
  readonly tokens: 0 | 1
  /** Only when asked for, and only from an engine that runs a model. */
  readonly reading?: Reading | undefined
}

export type Generation = {
  /** From 0; a slot runs one generation at a time. */
  readonly slot: number
  readonly sampling: Sampling
  readonly tokensMax: number
  /** How many likeliest tokens to read beside each generated one; undefined reads none at all. */
  readonly topLogprobs?: number | undefined
  /** In GBNF; the reply follows it and ends where it ends. An engine that runs no model ignores it. */
  readonly grammar?: string | undefined
}

/** A tokenised prompt, ready to be continued. */
export type Prompt = {
  readonly tokens: number
  /** Ends at `tokensMax` or where the model ends; stops computing as soon as it is returned. */
  generate(generation: Generation): AsyncGenerator<Piece, void, undefined>
}

/** Of a model that is open. */
export type ModelFacts = {
  readonly kind: 'llama.cpp' | 'scripted'
  readonly buildInfo: string
  readonly modelPath: string
  readonly modelBytes: number
  readonly parameters: number
  readonly contextTokens: number
}

export type EngineFacts = ModelFacts & { readonly chatTemplate: string }

export type Engine = {
  readonly facts: EngineFacts
  prompt(text: string): Prompt
  dispose(): Promise<void>
}

/** A second model beside the engine's, which turns texts into vectors. Ends with the engine. */
export type Embedder = {
  readonly facts: ModelFacts
  /** Of a text as the model takes it, its beginning included. */
  tokens(text: string): number
  /** Of length 1, and the same every time. A slot takes one text at a time. */
  embed(slot: number, text: string): Promise<Float32Array>
}
