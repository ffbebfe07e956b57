/** One variant under one load for one round: what its requests took, and what its process used for them. */
import type { Load } from '../../stage/load.ts'
import type { LoadOrder } from '../../stage/load-order.ts'
import type { Usage } from '../../stage/process-usage.ts'

export type Shape = {
  readonly isStream: boolean
  readonly concurrency: number
  readonly rounds: number
  readonly warmUps: number
  /** Of one round of one variant. */
  readonly ms: number
}

export type Variant = {
  readonly url: string
  readonly headers: LoadOrder['headers']
  /** Of the gateway's process alone; none where no gateway stands between. */
  readonly usage: (() => Promise<Usage>) | undefined
}

export type Trial = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly firstP50Ms: number
  readonly cpuMsPerRequest: number | undefined
}

export async function runTrial(
  load: Load,
  { url, headers, usage }: Variant,
  { shape, body }: { readonly shape: Shape; readonly body: string },
): Promise<Trial> {
  const { isStream, concurrency, ms } = shape
  const before = await usage?.()
  const report = await load.run({ url, headers, body, isStream, concurrency, until: { ms } })
  const after = await usage?.()
  return {
    perSecond: report.perSecond,
    p50Ms: report.totalMs.p50,
    p99Ms: report.totalMs.p99,
    firstP50Ms: report.firstMs.p50,
    cpuMsPerRequest: before && after && (after.cpuMs - before.cpuMs) / report.requests,
  }
}

const warmRequests = 3_000
const warmWithinMs = 6_000
const warmPieceMs = 1_000

/**
 * Code is compiled as it is used, so each variant has as many requests behind it before it is measured, or as
 * many as it manages in its time.
 */
export async function warmUp(
  load: Load,
  { url, headers }: Variant,
  {
    body,
    concurrency,
    signal,
  }: Pick<Shape, 'concurrency'> & {
    readonly body: string
    readonly signal: AbortSignal
  },
): Promise<void> {
  const until = { ms: warmPieceMs }
  for (let requests = 0, ms = 0; requests < warmRequests && ms < warmWithinMs; ms += warmPieceMs) {
    signal.throwIfAborted()
    const report = await load.run({ url, headers, body, isStream: false, concurrency, until })
    requests += report.requests
  }
}
