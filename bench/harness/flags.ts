/** The command line of `npm run bench`, judged before anything runs. */
import { parseArgs } from 'node:util'
import { isSuiteName, type SuiteName, suiteNames } from './registry.ts'

export type Command =
  | { readonly kind: 'list' | 'pages' }
  | {
      readonly kind: 'run'
      readonly names: readonly SuiteName[]
      /** Whether what it finds goes into the kept result. */
      readonly isKept: boolean
    }
  /** One sentence for whoever typed it. */
  | { readonly kind: 'wrong'; readonly why: string }

const flags = ['list', 'keep', 'pages'] as const

/** A run of all suites is kept by itself; one of some with `--keep` alone. */
export function parseFlags(args: readonly string[]): Command {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(flags.map((name) => [name, { type: 'boolean' }] as const)),
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const stray = tokens.find(
    (token) =>
      token.kind === 'option' &&
      (token.value !== undefined || !flags.some((name) => name === token.name)),
  )
  if (stray?.kind === 'option') {
    const listed = flags.map((name) => `--${name}`).join(', ')
    const given = stray.value === undefined ? '' : `=${stray.value}`
    return wrong(`There is no flag ${stray.rawName}${given}; there are ${listed}.`)
  }
  const asked = positionals.filter(isSuiteName)
  const unknown = positionals.find((name) => !isSuiteName(name))
  if (unknown !== undefined) {
    return wrong(`There is no suite "${unknown}"; there are ${suiteNames.join(', ')}.`)
  }
  const alone = (['list', 'pages'] as const).find((name) => values[name] === true)
  if (alone !== undefined) {
    return args.length === 1 ? { kind: alone } : wrong(`--${alone} stands alone: nothing is run.`)
  }
  const isWhole = asked.length === 0
  const names = suiteNames.filter((name) => isWhole || asked.includes(name))
  return { kind: 'run', names, isKept: isWhole || values.keep === true }
}

const wrong = (why: string): Command => ({ kind: 'wrong', why })
