/** Answers as an exchange reads them, each changed as a test needs it. */
import type { Answer } from '../../src/benchmark/exchange.ts'

/** 100 tokens, 4 bytes each: the first after 200 ms, the last a second later. */
export const anAnswer = (changes: Partial<Answer> = {}): Answer => ({
  kind: 'answered',
  firstContentMs: 200,
  lastContentMs: 1_200,
  frames: 100,
  firstFrameBytes: 4,
  bytes: 400,
  text: 'abc '.repeat(100),
  toolCalls: [],
  finishReason: 'length',
  hasLogprobs: false,
  counted: { prompt: 50, cached_prompt: 0, completion: 100 },
  claimed: { prompt: 50, cached_prompt: 0, completion: 100 },
  ...changes,
})
