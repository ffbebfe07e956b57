/**
 * What was measured, as it is checked in: `measured.json`, written by `measure.ts`. Units are those of the
 * embedded engine, times those of one core of the machine named in it; neither has seen AWS.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'

/** Of one request, one run or one batch. */
const Use = z.strictObject({
  calls: z.number(),
  readUnits: z.number(),
  writeUnits: z.number(),
  cpuMs: z.number(),
  logLines: z.number(),
  logBytes: z.number(),
})
export type Use = z.infer<typeof Use>

/** Runs that pace themselves sleep between their passes; that time is billed. */
const RunUse = Use.extend({ wallMs: z.number() })
export type RunUse = z.infer<typeof RunUse>

export const Measured = z.strictObject({
  on: z.strictObject({ date: z.iso.date(), machine: z.string(), node: z.string() }),
  /** A paid chat request, streamed. */
  request: z.strictObject({
    cold: Use.omit({ cpuMs: true }),
    warm: Use,
    completionTokens: z.int(),
    /** Headers included, TLS not. */
    toClientBytes: z.number(),
    toHostBytes: z.number(),
    /** Bytes of its receipt in the table and in its two indexes. */
    storedBytes: z.number(),
  }),
  /** Counting receipts into the sums of spend, by what a batch of the stream holds. */
  rollUp: z.strictObject({ one: Use, full: Use, receiptsInFull: z.int() }),
  /** Per decided request, of pages that are full of them; the reading is that of one whole audit. */
  accrualWriteUnits: z.number(),
  accrualReadUnits: z.number(),
  auditReadUnits: z.number(),
  heartbeat: Use.extend({ replyBytes: z.number() }),
  schedules: z.record(
    z.string(),
    z.strictObject({
      /** Of a stage that has been deployed and nothing else. */
      idle: RunUse,
      /** Of fleets in which nothing happens. */
      small: RunUse,
      large: RunUse,
    }),
  ),
  fleetNodes: z.strictObject({ small: z.int(), large: z.int() }),
})
export type Measured = z.infer<typeof Measured>

export const measuredFile = join(import.meta.dirname, 'measured.json')

export const readMeasured = (): Measured =>
  Measured.parse(JSON.parse(readFileSync(measuredFile, 'utf8')))
