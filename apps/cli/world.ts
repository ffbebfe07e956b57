/** What a run of the command line takes from its surroundings, so that tests can give it others. */
import type { Ids, NowMs, Random, Sleep } from '../../src/protocol/clock.ts'

export type World = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  /** Where a laptop stack leaves word of itself. */
  readonly readyFile: string
  readonly stdin: AsyncIterable<Uint8Array>
  readonly writeOut: (text: string) => void
  readonly writeErr: (text: string) => void
  /** Of stderr: progress is for someone who watches. */
  readonly isTerminal: boolean
  readonly nowMs: NowMs
  readonly sleep: Sleep
  readonly random: Random
  readonly newId: Ids['token']
  /** Aborted by Ctrl-C from the first call on; before it Ctrl-C ends the process. */
  readonly interrupted: () => AbortSignal
}
