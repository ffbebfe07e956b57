/** What the gateway adds to the host's own answer: the same load on both in turn, round after round. */
import { inRounds, type Spread, spreadOf } from '../../harness/rounds.ts'
import type { Load } from '../../stage/load.ts'
import type { LoadOrder, LoadReport } from '../../stage/load-order.ts'

export type Target = Pick<LoadOrder, 'url' | 'headers'>

export type Cell = {
  readonly isStream: boolean
  readonly concurrency: number
  /** For how long each round asks the gateway; the host is so quick that a third of it is enough. */
  readonly ms: number
}

export type Added = Cell & {
  readonly perSecond: Spread
  readonly direct: { readonly firstP50: number; readonly endP50: number }
  /** Gateway less host, round by round. */
  readonly firstP50: Spread
  readonly firstP99: Spread
  readonly endP50: Spread
  readonly endP99: Spread
}

type Run = { readonly load: Load; readonly direct: Target; readonly gateway: Target }

/** One after the other within a round, so that both meet the same moment of the machine. */
export async function measureAdded(
  { load, direct, gateway }: Run,
  of: {
    readonly cells: readonly Cell[]
    readonly bodyOf: (isStream: boolean) => string
    readonly rounds: number
    readonly signal: AbortSignal
  },
): Promise<readonly Added[]> {
  const ask =
    (target: Target, { isStream, concurrency }: Cell, ms: number) =>
    () =>
      load.run({ ...target, body: of.bodyOf(isStream), isStream, concurrency, until: { ms } })
  const variants: Record<string, () => Promise<LoadReport>> = {}
  for (const cell of of.cells) {
    variants[nameOf('direct', cell)] = ask(direct, cell, cell.ms / 3)
    variants[nameOf('gateway', cell)] = ask(gateway, cell, cell.ms)
  }
  const measured = await inRounds(variants, { rounds: of.rounds, signal: of.signal })
  return of.cells.map((cell) => {
    const reportsOf = (of: Side) => measured.get(nameOf(of, cell)) ?? []
    return { ...cell, ...addedOf(reportsOf('direct'), reportsOf('gateway')) }
  })
}

type Side = 'direct' | 'gateway'

const nameOf = (side: Side, { isStream, concurrency }: Cell): string =>
  `${side} ${isStream ? 'streamed' : 'whole'} ${concurrency}`

export function addedOf(
  direct: readonly LoadReport[],
  gateway: readonly LoadReport[],
): Omit<Added, keyof Cell> {
  const added = (figure: (report: LoadReport) => number): Spread =>
    spreadOf(gateway.map((report, round) => figure(report) - figureAt(direct, round, figure)))
  const median = (figure: (report: LoadReport) => number) => spreadOf(direct.map(figure)).median
  return {
    perSecond: spreadOf(gateway.map(({ perSecond }) => perSecond)),
    direct: {
      firstP50: median(({ firstMs }) => firstMs.p50),
      endP50: median(({ totalMs }) => totalMs.p50),
    },
    firstP50: added(({ firstMs }) => firstMs.p50),
    firstP99: added(({ firstMs }) => firstMs.p99),
    endP50: added(({ totalMs }) => totalMs.p50),
    endP99: added(({ totalMs }) => totalMs.p99),
  }
}

function figureAt(
  reports: readonly LoadReport[],
  round: number,
  figure: (report: LoadReport) => number,
): number {
  const report = reports[round]
  return report === undefined ? Number.NaN : figure(report)
}
