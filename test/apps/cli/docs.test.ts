// What the documents tell people to type is what the program takes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { leaves } from '../../../apps/cli/commands.ts'
import { writtenAs } from '../../../apps/cli/inputs.ts'
import { globalOptions } from '../../../apps/cli/program.ts'

const read = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', name), 'utf8')

/** Lines of shell examples, without comments and quoted text, from `b3iq` on. */
const typedIn = (name: string) =>
  [...read(name).matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block = '']) => block.split('\n'))
    .flatMap((line) => /\bb3iq ([a-z].*)/.exec(line.replace(/#.*/, ''))?.[1] ?? [])

const known = new Set(leaves.map(({ name }) => name))
const everywhere = globalOptions.map(([flags]) => flags.split(' ')[0])

describe.each(['cli.md', 'quickstart-operator.md'])('%s', (name) => {
  it('names commands and options that there are', () => {
    const typed = typedIn(name)
    expect(typed.length).toBeGreaterThan(2)
    for (const line of typed) {
      const [first = '', second = ''] = line.split(/\s+/)
      const one = leaves.find(
        (leaf) =>
          leaf.name === first || [leaf.name, `nodes ${leaf.alias}`].includes(`${first} ${second}`),
      )
      const own = Object.values(one?.inputs ?? {}).map(
        (input) => writtenAs(input).flags.split(' ')[0],
      )
      const options = [...line.replace(/"[^"]*"/g, '').matchAll(/(?<=\s)--[a-z-]+/g)].map(
        ([word]) => word,
      )
      expect({ line, isThere: one !== undefined }).toEqual({ line, isThere: true })
      expect([...own, ...everywhere]).toEqual(expect.arrayContaining(options))
    }
  })
})

it('cli.md has every command', () => {
  const told = [...read('cli.md').matchAll(/^\| (`.*?) \| /gm)].flatMap(([, cell = '']) =>
    cell.split(/; |, `(?=[a-z-]+ )/).flatMap((part) => namesIn(part)),
  )
  expect([...known].filter((name) => name !== 'completion' && !told.includes(name))).toEqual([])
})

/** `` `keys create`, `list` `` are two: the first word goes for those after it. */
function namesIn(part: string): string[] {
  const words = [...`\`${part}`.matchAll(/`([a-z][a-z -]*)/g)].map(([, word = '']) => word.trim())
  const [group = ''] = words[0]?.split(' ') ?? []
  return words.flatMap((word) => [word, `${group} ${word}`])
}
