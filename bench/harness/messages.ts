/** What a suite's process tells the harness. */
import * as z from 'zod'
import { SuiteReport } from './suite.ts'

export const SuiteMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('progress'), line: z.string() }),
  z.strictObject({ kind: z.literal('measured'), title: z.string(), report: SuiteReport }),
  z.strictObject({ kind: z.literal('failed'), why: z.string(), stack: z.string() }),
])
export type SuiteMessage = z.infer<typeof SuiteMessage>
