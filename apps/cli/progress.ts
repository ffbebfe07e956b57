/** Words for someone who watches and waits: on stderr, on a terminal, and not for what is quick. */
import { printable } from './printable.ts'
import type { World } from './world.ts'

export type Progress = {
  /** A sentence, at once. */
  readonly say: (text: string) => void
  /** How far it is, at most once a second and not in the first one. */
  readonly at: (text: string) => void
}

const quietMs = 1000

export function makeProgress({
  isTerminal,
  writeErr,
  nowMs,
}: Pick<World, 'isTerminal' | 'writeErr' | 'nowMs'>): Progress {
  let nextMs = nowMs() + quietMs
  const say = (text: string) => {
    if (isTerminal) writeErr(`${printable(text)}\n`)
  }
  return {
    say,
    at: (text) => {
      if (nowMs() < nextMs) return
      nextMs = nowMs() + quietMs
      say(text)
    },
  }
}
