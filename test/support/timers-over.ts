/** Timers that a test shortens, counts or stops with the sleep that it has. */
import type { Sleep, StartTimer } from '../../src/protocol/clock.ts'

export const timersOver =
  (sleep: Sleep): StartTimer =>
  (durationMs, onOver) => {
    let waiting = new AbortController()
    const start = () => {
      const { signal } = waiting
      void sleep(durationMs, signal).then(() => {
        if (!signal.aborted) onOver()
      })
    }
    start()
    return {
      restart: () => {
        waiting.abort()
        waiting = new AbortController()
        start()
      },
      stop: () => waiting.abort(),
    }
  }
