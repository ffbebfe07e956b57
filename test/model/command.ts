/**
 * A step of the model test: done to both ledgers, whose answers and figures must then be the same. It
 * names holds, references and periods by small numbers, so that they meet again and again.
 */
import fc from 'fast-check'
import { compare } from './compare.ts'
import type { Fate } from './real-ledger.ts'
import { accounts, type Handle, nodes, type World } from './world.ts'

export type Command = fc.AsyncCommand<World, World>
/** What the ledger and what the reference said, in the same words. */
export type Told = { readonly told: unknown; readonly expected: unknown }

/** `run` returns nothing where there was nothing to act on. */
export function command(
  name: string,
  values: unknown,
  run: (world: World) => Promise<Told | undefined>,
): Command {
  const shown = `${name} ${JSON.stringify(values, (_, value) => printable(value))}`
  return {
    check: () => true,
    run: async (world) => {
      const answer = await run(world)
      world.ledger.lose(undefined)
      if (answer) world.answers.add(`${name}: ${answer.told}`.replace(/ ?\d+/g, ''))
      if (answer && answer.told !== answer.expected) {
        throw new Error(`${shown}: ledger "${answer.told}", reference "${answer.expected}"`)
      }
      await compare(world)
    },
    toString: () => shown,
  }
}

const printable = (value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)

export const anyAccount = fc.constantFrom(...accounts)
export const anyNode = fc.constantFrom(...nodes)
/** What happens to the first write of a command. */
export const anyFate = fc.constantFrom<Fate | undefined>(
  ...(['request lost', 'reply lost', undefined, undefined, undefined] as const),
)
export const anyTokens = fc.nat({ max: 150 })
export const anyAmount = fc.oneof(
  { arbitrary: fc.nat({ max: 150 }).map(BigInt), weight: 8 },
  // The last one is more than any cap of a key.
  { arbitrary: fc.constantFrom(0n, 1n, 500n), weight: 1 },
)
/** Counted from the newest hold back. */
export const anyHold = fc.nat({ max: 12 })

export function holdOf(
  { handles }: World,
  nth: number,
  isMeant: (handle: Handle) => boolean = () => true,
): Handle | undefined {
  const meant = handles.filter(isMeant)
  return meant.at(-1 - (nth % Math.max(1, meant.length)))
}

const parts = {
  none: () => 0n,
  one: (whole: bigint) => (whole > 0n ? 1n : 0n),
  half: (whole: bigint) => whole / 2n,
  all: (whole: bigint) => whole,
}
export type Part = keyof typeof parts
export const anyPart = fc.constantFrom<Part[]>('none', 'one', 'half', 'half', 'all', 'all')
export const partOf = (whole: bigint, part: Part): bigint => parts[part](whole)

/** As its caller would: what is not known after a lost reply is asked for again. */
export async function untilKnown<T extends { readonly kind: string }>(
  ask: () => Promise<T>,
): Promise<T> {
  const answer = await ask()
  return answer.kind === 'unavailable' ? ask() : answer
}
