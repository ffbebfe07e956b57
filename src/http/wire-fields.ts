/** What stands in many replies, said once. */
import * as z from 'zod'

export const Usd = z
  .string()
  .regex(/^(0|[1-9]\d*)(\.\d{1,9})?$/)
  .describe('USD as a decimal string, exact to the nano-USD.')

/** Below zero where money left. */
export const SignedUsd = z
  .string()
  .regex(/^-?(0|[1-9]\d*)(\.\d{1,9})?$/)
  .describe('USD as a decimal string, exact to the nano-USD; below zero where money left.')

export const Time = z.iso.datetime().describe('UTC, to the millisecond.')

export const listOf = <T extends z.ZodType>(item: T) => ({
  object: z.literal('list'),
  data: z.array(item),
})
