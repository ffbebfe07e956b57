/** One line that says how far a run is: rewritten on a terminal, now and then in a file. */

const everyMs = { terminal: 500, file: 15_000 } as const

export type Progress = {
  readonly show: (done: number) => void
  /** Seconds since the start. */
  readonly stop: () => number
}

export function startProgress(total: number): Progress {
  const isTerminal = process.stderr.isTTY === true
  const startedMs = performance.now()
  let shownMs = startedMs
  const seconds = () => (performance.now() - startedMs) / 1000
  return {
    show: (done) => {
      const nowMs = performance.now()
      if (nowMs - shownMs < (isTerminal ? everyMs.terminal : everyMs.file)) return
      shownMs = nowMs
      const text = `${done} of ${total} histories, ${Math.round(done / seconds())} a second`
      process.stderr.write(isTerminal ? `\r${text}\u001b[K` : `${text}\n`)
    },
    stop: () => {
      if (isTerminal) process.stderr.write('\r\u001b[K')
      return seconds()
    },
  }
}
