/** Who does things in a history. */
import type { Stream } from './random.ts'

/** A process. After a crash another incarnation may follow; it knows only what the stores hold. */
export type Actor = {
  readonly name: string
  /** What its clock shows beyond the true time. */
  readonly clockErrorMs: number
  isAlive: boolean
  pausedUntilUs: number
}

/** One thing that a process does, with chances of its own. */
export type Task = { readonly actor: Actor; readonly name: string; readonly draws: Stream }
