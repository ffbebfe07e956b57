/** Fields of stored items: numbers come as digit strings and leave as what they mean. */
import * as z from 'zod'

/** An amount of nano-USD, or a counter that may hold one. */
export const Amount = z
  .string()
  .regex(/^-?\d{1,30}$/)
  .transform(BigInt)

/** A count, a time in milliseconds or seconds, a sequence number: safe integers only. */
export const Int = z
  .string()
  .regex(/^-?\d{1,16}$/)
  .transform(Number)
  .refine(Number.isSafeInteger)

/** A measured quantity such as tokens per second; never money. */
export const Measure = z.string().transform(Number).refine(Number.isFinite)
