/**
 * Plants a known bug: replaces one piece of one source file's text while the module is loaded. The
 * file on disk stays as it is, and the checker has to notice the difference by itself.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export type PlantedBug = {
  /** Kebab-case; what the code does wrong. */
  readonly name: string
  /** From the repository root. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** Promises of which the checker must find one broken. */
  readonly breaks: readonly string[]
  /** Within how many histories. */
  readonly budget: number
}

const root = join(import.meta.dirname, '..', '..', '..')

/** Throws where the source has drifted away from the bug. */
export function withBug({ name, file, find, replace }: PlantedBug, source: string): string {
  const parts = source.split(find)
  if (parts.length !== 2) {
    throw new Error(
      `Bug ${name} does not fit ${file} any more: its text stands there ${parts.length - 1} times, not once.`,
    )
  }
  return parts.join(replace)
}

export function readBuggySource(bug: PlantedBug): string {
  return withBug(bug, readFileSync(join(root, bug.file), 'utf8'))
}

/** For this thread, and for modules that are imported from now on. */
export function plantBug(bug: PlantedBug): void {
  const text = readBuggySource(bug)
  const url = pathToFileURL(join(root, bug.file)).href
  registerHooks({
    load: (loaded, context, nextLoad) => {
      const module = nextLoad(loaded, context)
      return loaded === url ? { ...module, source: text } : module
    },
  })
}
