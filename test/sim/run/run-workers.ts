/** Spreads histories over threads, in batches, and adds up what comes back. */
import { Worker } from 'node:worker_threads'
import { addCounts, type Counts } from '../engine/sometimes.ts'
import type { Batch, Failure, Played } from './play.ts'
import type { WorkerSetup } from './sim-worker.ts'

export type Run = {
  readonly from: number
  readonly seeds: number
  readonly workers: number
  readonly setup: WorkerSetup
  readonly onProgress: (histories: number) => void
}

export type Report = {
  readonly histories: number
  readonly events: number
  /** The same for the same seeds, however they were spread. */
  readonly digest: string
  readonly counts: Counts
  /** The failure with the lowest seed. */
  readonly failure: Failure | undefined
}

const batchSize = 100

/** Ends with the batches under way once one has failed. */
export async function runSeeds(run: Run): Promise<Report> {
  const counts: Counts = new Map()
  const failures: Failure[] = []
  let histories = 0
  let events = 0
  let digest = 0
  let next = run.from
  const end = run.from + run.seeds

  const work = async (): Promise<void> => {
    const thread = startThread(run.setup)
    try {
      while (next < end && failures.length === 0) {
        const from = next
        next = Math.min(end, next + batchSize)
        const played = await thread.play({ kind: 'play', from, count: next - from })
        histories += played.histories
        events += played.events
        digest ^= played.digest
        addCounts(counts, played.counts)
        if (played.failure) failures.push(played.failure)
        run.onProgress(histories)
      }
    } finally {
      await thread.stop()
    }
  }

  await Promise.all(Array.from({ length: run.workers }, work))
  const [failure] = failures.sort((one, other) => one.seed - other.seed)
  return { histories, events, digest: hex(digest), counts, failure }
}

export async function replaySeed(
  seed: number,
  setup: WorkerSetup,
  shrinks: boolean,
): Promise<Played> {
  const thread = startThread(setup)
  try {
    return await thread.play({ kind: 'replay', seed, shrinks })
  } finally {
    await thread.stop()
  }
}

type Thread = {
  readonly play: (batch: Batch) => Promise<Played>
  readonly stop: () => Promise<unknown>
}

function startThread(setup: WorkerSetup): Thread {
  const worker = new Worker(new URL('./sim-worker.ts', import.meta.url), {
    workerData: setup,
    // A history leaves nothing behind, so most of its garbage should die young.
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  })
  return {
    // One batch at a time, so the next message is always the answer.
    play: (batch) =>
      new Promise((resolve, reject) => {
        worker.once('error', reject)
        worker.once('message', (played: Played) => {
          worker.off('error', reject)
          resolve(played)
        })
        worker.postMessage(batch)
      }),
    stop: () => worker.terminate(),
  }
}

const hex = (digest: number): string => (digest >>> 0).toString(16).padStart(8, '0')
