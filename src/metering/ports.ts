/** What counting with a pinned tokenizer needs from outside: the file, and somebody to run it. */

export type ArtifactStore = {
  /**
   * Undefined where it is not kept. Throws, in one sentence, where it is too large, cannot be read or
   * is not what its digest says.
   */
  readonly readArtifact: (digest: string) => Promise<Buffer | undefined>
}

/**
 * `busy`: too much waits to be counted. `failed`: on one of these texts; others can be counted. `gone`: the
 * tokenizer is no longer there.
 */
export type RunnerCount = number | 'busy' | 'failed' | 'gone'

/** Runs tokenizers beside whoever asks: loading one and counting take longer than anybody may stand. */
export type TokenizerRunner = {
  /** What is wrong with the file; undefined once the tokenizer is ready. Never rejects. */
  readonly load: (digest: string, artifact: Buffer) => Promise<string | undefined>
  /** Tokens of all the texts, each on its own. Never rejects. */
  readonly count: (digest: string, texts: readonly string[]) => Promise<RunnerCount>
  readonly drop: (digest: string) => void
}
