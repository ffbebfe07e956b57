/** A suite measures one subject and says what it found; the harness judges, prints and keeps it. */
import type { TargetId } from './targets.ts'

export type Suite = {
  readonly name: string
  /** One sentence: what is measured, over what. */
  readonly title: string
  readonly run: (context: SuiteContext) => Promise<SuiteReport>
}

export type SuiteContext = {
  /** A line for whoever waits. */
  readonly progress: (line: string) => void
  /** Aborted when the harness has to end. */
  readonly signal: AbortSignal
}

export type SuiteReport = {
  readonly tables: readonly Table[]
  /** Of the targets that this suite judges; one that could not be measured is left out and told in `skipped`. */
  readonly figures: Readonly<Partial<Record<TargetId, number>>>
  /** Files of `bench/plots`, by name without ending. */
  readonly plots: Readonly<Record<string, string>>
  /** Versions and configurations of what was compared, and whatever a reader must know. */
  readonly notes: readonly string[]
  /** What this machine could not do, and why; a peer whose tool is missing. */
  readonly skipped: readonly string[]
}

export type Table = {
  readonly title: string
  /** The first column names the row; units stand in the heads. */
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}
