/** What a request waits for, step by step, with warm caches and with stale ones. */
import { inRounds, spreadOf } from '../../harness/rounds.ts'
import type { LoadReport } from '../../stage/load-order.ts'
import { type Added, addedOf } from './added-time.ts'
import { type ByStep, byStep, Step } from './timeline.ts'
import type { Caches } from './watched-orders.ts'

export type Waits = {
  readonly added: Pick<Added, 'firstP50' | 'firstP99' | 'endP50'>
  /** Mean of a request, in milliseconds. */
  readonly byStep: ByStep
  readonly wholeMs: number
}

type Timed = { readonly report: LoadReport; readonly byStep: ByStep }

/** One stream at a time, or steps of several requests would lie over each other. */
export async function measureWaits(
  ask: {
    readonly direct: () => Promise<LoadReport>
    readonly warm: () => Promise<Timed>
    readonly stale: () => Promise<Timed>
  },
  options: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<Readonly<Record<Caches, Waits>>> {
  const unwatched = async () => ({ report: await ask.direct(), byStep: byStep(() => 0) })
  const measured = await inRounds({ ...ask, direct: unwatched }, options)
  const reportsOf = (name: 'direct' | Caches) =>
    (measured.get(name) ?? []).map(({ report }) => report)
  const waits = (caches: Caches): Waits => {
    const rounds = measured.get(caches) ?? []
    return {
      added: addedOf(reportsOf('direct'), reportsOf(caches)),
      byStep: byStep(
        (step) =>
          spreadOf(rounds.map(({ byStep: ms, report }) => ms[step] / report.requests)).median,
      ),
      wholeMs: spreadOf(rounds.map(({ report }) => report.totalMs.mean)).median,
    }
  }
  return { warm: waits('warm'), stale: waits('stale') }
}

/** What is no wait: our own code, HTTP on both sides, and the load generator. */
export const ownMs = ({ byStep: ms, wholeMs }: Waits): number =>
  Math.max(0, wholeMs - Step.options.reduce((sum, step) => sum + ms[step], 0))
