/**
 * Variants in turn, round after round, so that whatever slows the machine for a while slows all of them. The
 * first of a round is another each time: none is always behind the same one.
 */
import { quantile } from '../../src/protocol/quantile.ts'

export type Variants<Name extends string, Value> = Readonly<Record<Name, () => Promise<Value>>>

export type RoundOptions = {
  readonly rounds: number
  /** Whole rounds beforehand that are not counted. @default 1 */
  readonly warmUps?: number
  readonly signal?: AbortSignal
}

/** What each variant measured, by round. */
export async function inRounds<Name extends string, Value>(
  variants: Variants<Name, Value>,
  { rounds, warmUps = 1, signal }: RoundOptions,
): Promise<ReadonlyMap<Name, readonly Value[]>> {
  const names = Object.keys(variants).filter((name): name is Name => Object.hasOwn(variants, name))
  const measured = new Map(names.map((name): [Name, Value[]] => [name, []]))
  for (let round = -warmUps; round < rounds; round += 1) {
    for (let at = 0; at < names.length; at += 1) {
      signal?.throwIfAborted()
      const name = names[(at + round + warmUps) % names.length]
      if (name === undefined) continue
      const value = await variants[name]()
      if (round >= 0) measured.get(name)?.push(value)
    }
  }
  return measured
}

export type Spread = { readonly median: number; readonly least: number; readonly most: number }

/** Throws where there are no values: nothing measured is no figure. */
export function spreadOf(values: readonly number[]): Spread {
  const median = quantile(values, 0.5)
  if (median === undefined) throw new Error('there is nothing to take the median of')
  return { median, least: Math.min(...values), most: Math.max(...values) }
}

/** Round by round, because what slowed one slowed the other. Both have as many rounds. */
export function ratiosOf(ours: readonly number[], theirs: readonly number[]): Spread {
  return spreadOf(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)))
}

/** `1.93 (1.80 to 2.10)`, to so many significant digits. */
export function told({ median, least, most }: Spread, digits = 3): string {
  const short = (value: number) => String(Number(value.toPrecision(digits)))
  return `${short(median)} (${short(least)} to ${short(most)})`
}
