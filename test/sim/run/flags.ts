/** The command line of the simulator and of its corpus, judged before anything runs. */
import { parseArgs } from 'node:util'
import * as z from 'zod'

/** One sentence for whoever typed it. */
export class FlagError extends Error {}

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .refine((value) => value >= least && value <= most)

const seed = { schema: whole(0, 4_294_967_295), says: 'a whole number from 0 to 4294967295' }
const count = { schema: whole(1, 100_000_000), says: 'a whole number from 1 to 100000000' }
const workers = { schema: whole(1, 256), says: 'a whole number from 1 to 256' }

export type Flags = {
  readonly seeds: number | undefined
  readonly from: number | undefined
  readonly seed: number | undefined
  readonly starts: number | undefined
  readonly workers: number | undefined
  readonly bug: string | undefined
  readonly canary: boolean
}

export type FlagName = keyof Flags

/** `known`: the flags that this program takes, which the messages name. */
export function parseFlags(args: readonly string[], known: readonly FlagName[]): Flags {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      starts: { type: 'string' },
      workers: { type: 'string' },
      bug: { type: 'string' },
      canary: { type: 'boolean' },
    },
  })
  const listed = known.map((name) => `--${name}`).join(', ')
  const unknown = tokens.find((token) => token.kind === 'option' && !isKnown(token.name, known))
  if (unknown?.kind === 'option') {
    throw new FlagError(`There is no flag ${unknown.rawName}; there are ${listed}.`)
  }
  const [stray] = positionals
  if (stray !== undefined) {
    throw new FlagError(`"${stray}" belongs to no flag; there are ${listed}.`)
  }
  const number = (name: 'seeds' | 'from' | 'seed' | 'starts' | 'workers', kind: typeof seed) => {
    const given = values[name]
    if (given === undefined) return undefined
    const parsed = kind.schema.safeParse(given)
    if (!parsed.success) throw new FlagError(`--${name} must be ${kind.says}, not ${shown(given)}.`)
    return parsed.data
  }
  if (values.bug === true) throw new FlagError('--bug needs the name of a bug.')
  return {
    seeds: number('seeds', count),
    from: number('from', seed),
    seed: number('seed', seed),
    starts: number('starts', workers),
    workers: number('workers', workers),
    bug: typeof values.bug === 'string' ? values.bug : undefined,
    canary: values.canary === true,
  }
}

const isKnown = (name: string, known: readonly FlagName[]): boolean =>
  known.some((one) => one === name)

const shown = (given: unknown): string => (typeof given === 'string' ? `"${given}"` : 'nothing')
