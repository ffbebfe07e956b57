/** What the load generator is told, and what it tells of it. */
import * as z from 'zod'

export const LoadOrder = z.strictObject({
  /** Where to, such as `http://127.0.0.1:8080/v1/chat/completions`. */
  url: z.url(),
  /** Those of one sender each; connections take them in turn. */
  headers: z.array(z.record(z.string(), z.string())).min(1),
  body: z.string(),
  isStream: z.boolean(),
  /** Connections, each with one request at a time. */
  concurrency: z.int().min(1).max(4_096),
  until: z.union([
    z.strictObject({ requests: z.int().min(1) }),
    /** Requests that are on their way then are ended and counted. */
    z.strictObject({ ms: z.number().positive() }),
  ]),
  /** Of one request; then the run fails. @default 30,000 */
  withinMs: z.int().min(1).default(30_000),
})
export type LoadOrder = z.input<typeof LoadOrder>

const Times = z.object({ p50: z.number(), p99: z.number(), mean: z.number() })

export const LoadReport = z.object({
  requests: z.int(),
  seconds: z.number(),
  perSecond: z.number(),
  /** From the first byte of the request to the first byte of a word; of a document to its head. */
  firstMs: Times,
  /** To the last byte. */
  totalMs: Times,
  replyBytes: z.number(),
  /** Of the generator itself. */
  cpuMs: z.number(),
})
export type LoadReport = z.infer<typeof LoadReport>

/** One reply that was not a whole answer fails the run: nobody's errors are measured as speed. */
export const LoadResult = z.discriminatedUnion('kind', [
  LoadReport.extend({ kind: z.literal('ran') }),
  z.object({ kind: z.literal('failed'), why: z.string() }),
])
export type LoadResult = z.infer<typeof LoadResult>
