/** What may follow each path of command words: the one thing that all shells are told. */
import { writtenAs } from '../inputs.ts'
import type { Leaf } from '../leaf.ts'
import { globalOptions } from '../program.ts'

export type Offer = { readonly word: string; readonly help: string }

export type Place = {
  /** Words so far, without the program's name. */
  readonly path: string
  readonly words: readonly Offer[]
  /** Of this command; those of every command are in `everywhere`. */
  readonly options: readonly Offer[]
}

const wordOf = (flags: string): string => flags.split(' ')[0] ?? flags

export const everywhere: readonly Offer[] = [
  ...globalOptions.map(([flags, help]) => ({ word: wordOf(flags), help })),
  { word: '--help', help: 'show what a command takes' },
]

export function placesOf(
  leaves: readonly Leaf[],
  about: (group: string) => string,
): readonly Place[] {
  const paths = new Set(['', ...leaves.flatMap(({ name }) => prefixesOf(name))])
  return [...paths].map((path) => ({
    path,
    words: wordsAfter(path, leaves, about),
    options: optionsOf(leaves.find(({ name }) => name === path)),
  }))
}

const prefixesOf = (name: string): readonly string[] =>
  name.split(' ').map((_, at, words) => words.slice(0, at + 1).join(' '))

function wordsAfter(
  path: string,
  leaves: readonly Leaf[],
  about: (group: string) => string,
): readonly Offer[] {
  const start = path === '' ? '' : `${path} `
  const words = new Map<string, string>()
  for (const { name, does, alias } of leaves) {
    if (!name.startsWith(start)) continue
    const [word = '', ...further] = name.slice(start.length).split(' ')
    words.set(word, further.length === 0 ? does : about(word))
    if (alias !== undefined && further.length === 0) words.set(alias, does)
  }
  return [...words].map(([word, help]) => ({ word, help }))
}

const optionsOf = (leaf: Leaf | undefined): readonly Offer[] =>
  Object.values(leaf?.inputs ?? {})
    .map(writtenAs)
    .filter(({ kind }) => kind === 'option')
    .map(({ flags, help }) => ({ word: wordOf(flags), help }))
