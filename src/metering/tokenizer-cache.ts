/**
 * Tokenizers by digest, loaded when they are first needed: one load at a time, few in memory, and what
 * failed is left alone for a while. Nobody waits here who does not want to.
 */
import type { NowMs } from '../protocol/clock.ts'
import type { ArtifactStore, TokenizerRunner } from './ports.ts'

/** A large vocabulary takes some 200 MB of memory. */
export const tokenizersMax = 4
/** Longer than a burst of requests, so that each failure is paid for once; shorter than a deployment. */
export const retryAfterMs = 60_000
/** Loads take seconds: who would be further back in the queue has settled long before. */
const loadsWaitingMax = 4

/** Tokens of all the texts, each on its own; undefined where they cannot be had. Never rejects. */
export type CountTexts = (texts: readonly string[]) => Promise<number | undefined>

export type Tokenizers = {
  /** Starts to load the tokenizer unless it is there; undefined where it cannot be had. Never rejects. */
  readonly open: (digest: string) => Promise<CountTexts | undefined>
}

export function makeTokenizers(deps: {
  readonly readArtifact: ArtifactStore['readArtifact']
  readonly runner: TokenizerRunner
  readonly nowMs: NowMs
  readonly onFailure: (failure: { readonly digest: string; readonly reason: string }) => void
}): Tokenizers {
  const { runner, nowMs } = deps
  /** The one used last stands last. */
  const ready = new Map<string, CountTexts>()
  const loading = new Map<string, Promise<CountTexts | undefined>>()
  const failedAtMs = new Map<string, number>()
  let lastLoad: Promise<unknown> = Promise.resolve()

  function fail(digest: string, reason: string): undefined {
    ready.delete(digest)
    failedAtMs.set(digest, nowMs())
    deps.onFailure({ digest, reason })
    return undefined
  }

  const countWith =
    (digest: string): CountTexts =>
    async (texts) => {
      const counted = await runner.count(digest, texts)
      if (typeof counted === 'number') return counted
      // Who was dropped for another one has not failed.
      if (counted === 'gone' && ready.has(digest)) fail(digest, 'the tokenizer is lost')
      return undefined
    }

  async function load(digest: string): Promise<CountTexts | undefined> {
    const artifact = await deps.readArtifact(digest).catch(messageOf)
    if (artifact === undefined) return fail(digest, 'the artifact is not kept here')
    if (typeof artifact === 'string') return fail(digest, artifact)
    const [oldest] = ready.keys()
    if (oldest !== undefined && ready.size >= tokenizersMax) {
      ready.delete(oldest)
      runner.drop(oldest)
    }
    const fault = await runner.load(digest, artifact)
    if (fault !== undefined) return fail(digest, fault)
    const count = countWith(digest)
    ready.set(digest, count)
    return count
  }

  return {
    open: async (digest) => {
      const count = ready.get(digest)
      if (count) {
        ready.delete(digest)
        ready.set(digest, count)
        return count
      }
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
