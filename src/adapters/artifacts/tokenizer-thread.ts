/**
 * Tokenizers on a thread of their own, which is started with the first load and never holds the process
 * back. A thread that dies or hangs takes its tokenizers with it; the next load starts another.
 */
import { Worker } from 'node:worker_threads'
import type { RunnerCount, TokenizerRunner } from '../../metering/ports.ts'
import { assert } from '../../protocol/assert.ts'
import { type TokenizerOrder, TokenizerReply } from './tokenizer-messages.ts'

/** Four large vocabularies, and the largest of all while it is read. */
const memoryMiB = 2048
/** Seconds of counting; who comes then counts bytes. */
const waitingCharsMax = 1024 * 1024
/** Ten times what the largest vocabulary takes. */
const answerWithinMs = 60_000

type Waiting = {
  readonly resolve: (reply: TokenizerReply | undefined) => void
  readonly timer: NodeJS.Timeout
}

export type TokenizerThread = TokenizerRunner & { readonly stop: () => Promise<void> }

export function makeTokenizerThread(): TokenizerThread {
  let running: ReturnType<typeof startThread> | undefined
  let waitingChars = 0
  const thread = () => {
    running = running?.isAlive() ? running : startThread()
    return running
  }

  return {
    load: async (digest, artifact) => {
      const reply = await thread().ask((id) => ({ kind: 'load', id, digest, artifact }))
      if (reply?.kind !== 'loaded') return 'the thread ended before the tokenizer was loaded'
      return reply.fault
    },
    count: async (digest, texts): Promise<RunnerCount> => {
      const chars = texts.reduce((sum, { length }) => sum + length, 0)
      if (waitingChars + chars > waitingCharsMax) return 'busy'
      if (!running?.isAlive()) return 'gone'
      waitingChars += chars
      const reply = await running.ask((id) => ({ kind: 'count', id, digest, texts }))
      waitingChars -= chars
      if (reply?.kind === 'counted') return reply.tokens
      return reply?.kind === 'failed' ? 'failed' : 'gone'
    },
    drop: (digest) => {
      if (running?.isAlive()) running.tell({ kind: 'drop', digest })
    },
    stop: async () => {
      await running?.end()
    },
  }
}

function startThread() {
  const worker = new Worker(new URL('./tokenizer-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: memoryMiB },
  })
  const waiting = new Map<number, Waiting>()
  let isAlive = true
  let asked = 0

  function settle(id: number, reply: TokenizerReply | undefined): void {
    const one = waiting.get(id)
    waiting.delete(id)
    clearTimeout(one?.timer)
    one?.resolve(reply)
  }

  /** Whoever waits is told that nothing comes. */
  function lose(): void {
    isAlive = false
    for (const id of [...waiting.keys()]) settle(id, undefined)
  }

  async function end(): Promise<void> {
    lose()
    await worker.terminate()
  }

  worker.on('error', lose)
  worker.on('exit', lose)
  worker.on('message', (message: unknown) => {
    const reply = TokenizerReply.parse(message)
    settle(reply.id, reply)
  })
  // Listening for messages holds a process: this comes after it.
  worker.unref()

  return {
    isAlive: () => isAlive,
    end,
    tell: (order: TokenizerOrder): void => worker.postMessage(order),
    ask: (orderOf: (id: number) => TokenizerOrder): Promise<TokenizerReply | undefined> => {
      asked += 1
      const id = asked
      assert(isAlive, 'only a thread that lives is asked')
      return new Promise((resolve) => {
        const timer = setTimeout(() => void end(), answerWithinMs).unref()
        waiting.set(id, { resolve, timer })
        worker.postMessage(orderOf(id))
      })
    },
  }
}
