/** A suite measures one subject and says what it found; the harness judges, prints and keeps it. */
import * as z from 'zod'
import { isTargetId, type TargetId } from './targets.ts'

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

const Lines = z.array(z.string()).readonly()

/** The first column names the row; units stand in the heads. */
export const Table = z
  .strictObject({
    title: z.string(),
    columns: Lines,
    rows: z.array(z.array(z.union([z.string(), z.number()])).readonly()).readonly(),
  })
  .readonly()
export type Table = z.infer<typeof Table>

export const SuiteReport = z
  .strictObject({
    tables: z.array(Table).readonly(),
    /** Of the targets that this suite judges; one that could not be measured is left out and told in `skipped`. */
    figures: z
      .partialRecord(z.custom<TargetId>(isTargetId, 'there is no such target'), z.number())
      .readonly(),
    /** Claims besides the figures, such as how a cost grows; one that fails, fails the run. */
    checks: z
      .array(z.strictObject({ what: z.string(), isMet: z.boolean() }).readonly())
      .readonly()
      .optional(),
    /** Pictures as SVG, by their names without the suite's. */
    plots: z.record(z.string().regex(/^[a-z0-9-]{1,60}$/), z.string()).readonly(),
    /** Versions and configurations of what was compared, and whatever a reader must know. */
    notes: Lines,
    /** What this machine could not do, and why; a peer whose tool is missing. */
    skipped: Lines,
  })
  .readonly()
export type SuiteReport = z.infer<typeof SuiteReport>
