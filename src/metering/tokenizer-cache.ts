/**
 * Tokenizers by digest, loaded when they are first needed: one load at a time, few in memory, and what
 * failed is left alone for a while. One in use never makes room: else requests for one model could keep
 * all others from being counted. Nobody waits here who does not want to.
 */
import type { NowMs, Sleep } from '../protocol/clock.ts'
import type { ArtifactStore, TokenizerRunner } from './ports.ts'

/** A large vocabulary takes some 200 MB of memory. */
export const tokenizersMax = 4
/** Longer than a burst of requests, so that each failure is paid for once; shorter than a deployment. */
export const retryAfterMs = 60_000
/** One that nobody counted with for so long makes room for another. */
export const idleAfterMs = 60_000
/** Reading 32 MB from a slow disk; while one artifact is read the others wait. */
export const readWithinMs = 10_000
/** Loads take seconds: who would be further back in the queue has settled long before. */
const loadsWaitingMax = 4

/** Tokens of all the texts, each on its own; undefined where they cannot be had. Never rejects. */
export type CountTexts = (texts: readonly string[]) => Promise<number | undefined>

export type Tokenizers = {
  /**
   * Starts to load the tokenizer unless it is there; undefined where it cannot be had, or not now. Never
   * rejects.
   */
  readonly open: (digest: string) => Promise<CountTexts | undefined>
}

export function makeTokenizers(deps: {
  readonly readArtifact: ArtifactStore['readArtifact']
  readonly runner: TokenizerRunner
  readonly nowMs: NowMs
  readonly sleep: Sleep
  readonly onFailure: (failure: { readonly digest: string; readonly reason: string }) => void
}): Tokenizers {
  const { runner, nowMs } = deps
  /** The one used last stands last. */
  const ready = new Map<string, { readonly count: CountTexts; readonly usedAtMs: number }>()
  const loading = new Map<string, Promise<CountTexts | undefined>>()
  const failedAtMs = new Map<string, number>()
  let lastLoad: Promise<unknown> = Promise.resolve()

  function fail(digest: string, reason: string): undefined {
    drop(digest)
    failedAtMs.set(digest, nowMs())
    deps.onFailure({ digest, reason })
    return undefined
  }

  function drop(digest: string): void {
    ready.delete(digest)
    runner.drop(digest)
  }

  function use(digest: string, count: CountTexts): CountTexts {
    ready.delete(digest)
    ready.set(digest, { count, usedAtMs: nowMs() })
    return count
  }

  function makeCount(digest: string): CountTexts {
    return async function count(texts) {
      // Who was dropped for another one has not failed, and does not come back by being used.
      if (ready.get(digest)?.count === count) use(digest, count)
      const counted = await runner.count(digest, texts)
      if (typeof counted === 'number') return counted
      if (counted === 'gone' && ready.get(digest)?.count === count) {
        fail(digest, 'the tokenizer is lost')
      }
      return undefined
    }
  }

  /** The one used longest ago, where that is long enough. */
  function idleOne(): string | undefined {
    const [oldest] = ready
    return oldest && nowMs() - oldest[1].usedAtMs >= idleAfterMs ? oldest[0] : undefined
  }

  const isFull = () => ready.size >= tokenizersMax

  async function readInTime(digest: string): Promise<Buffer | string> {
    const over = new AbortController()
    const read = deps.readArtifact(digest)
    const late = deps.sleep(readWithinMs, over.signal)
    return Promise.race([
      read.then((artifact) => artifact ?? 'the artifact is not kept here', messageOf),
      late.then(() => `the artifact was not read within ${readWithinMs} ms`),
    ]).finally(() => over.abort())
  }

  async function load(digest: string): Promise<CountTexts | undefined> {
    if (isFull() && idleOne() === undefined) return undefined
    const artifact = await readInTime(digest)
    if (typeof artifact === 'string') return fail(digest, artifact)
    if (isFull()) {
      // Asked again: it may have been used while the artifact was read.
      const idle = idleOne()
      if (idle === undefined) return undefined
      drop(idle)
    }
    const fault = await runner.load(digest, artifact)
    if (fault !== undefined) return fail(digest, fault)
    return use(digest, makeCount(digest))
  }

  return {
    open: async (digest) => {
      const found = ready.get(digest)
      if (found) return use(digest, found.count)
      const underWay = loading.get(digest)
      if (underWay) return underWay
      for (const [failed, atMs] of failedAtMs) {
        if (nowMs() - atMs >= retryAfterMs) failedAtMs.delete(failed)
      }
      if (failedAtMs.has(digest) || loading.size >= loadsWaitingMax) return undefined
      const started = lastLoad.then(() => load(digest)).finally(() => loading.delete(digest))
      lastLoad = started
      loading.set(digest, started)
      return started
    },
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'fault')
