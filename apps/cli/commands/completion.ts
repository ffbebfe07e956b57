/** `b3iq completion`: the script that teaches a shell the commands. */
import { bashCompletion } from '../completion/bash.ts'
import { fishCompletion } from '../completion/fish.ts'
import { placesOf } from '../completion/places.ts'
import { zshCompletion } from '../completion/zsh.ts'
import { argument } from '../inputs.ts'
import { type Leaf, leaf } from '../leaf.ts'
import { ok, refuse } from '../outcome.ts'
import type { Group } from '../program.ts'

const scripts = new Map([
  ['bash', bashCompletion],
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
])

/** `tree` holds every command, this one too. */
export const completionLeaf = (
  tree: () => { readonly leaves: readonly Leaf[]; readonly groups: readonly Group[] },
): Leaf =>
  leaf({
    name: 'completion',
    does: 'print what teaches your shell the commands: bash, zsh or fish',
    inputs: { shell: argument('<shell>', 'bash, zsh or fish') },
    calls: [],
    run: async (_, { shell }) => {
      const script = scripts.get(shell)
      if (!script) return refuse(`There is no completion for "${shell}": use bash, zsh or fish.`)
      const { leaves, groups } = tree()
      const about = (group: string) => groups.find(({ name }) => name === group)?.about ?? ''
      return ok({ text: script(placesOf(leaves, about)) })
    },
  })
