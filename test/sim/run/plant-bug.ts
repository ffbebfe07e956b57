/**
 * Plants a known bug: replaces a piece of a source file's text while the module is loaded. The
 * file on disk stays as it is, and the checker has to notice the difference by itself.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export type Edit = {
  /** From the repository root. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

export type PlantedBug = {
  /** Kebab-case; what the code does wrong. */
  readonly name: string
  /** More than one where a promise is kept twice over. */
  readonly edits: readonly Edit[]
  /** Promises of which the checker must find one broken. */
  readonly breaks: readonly string[]
  /** Within how many histories. */
  readonly budget: number
}

const root = join(import.meta.dirname, '..', '..', '..')

/** Throws where the source has drifted away from the edit. */
export function edited(source: string, { file, find, replace }: Edit): string {
  const parts = source.split(find)
  if (parts.length !== 2) {
    const times = parts.length - 1
    throw new Error(`"${find}" stands ${times} times in ${file}, not once: adapt the planted bug.`)
  }
  return parts.join(replace)
}

/** File URL → its text with the bug in it. */
export function buggySources({ edits }: PlantedBug): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const edit of edits) {
    const path = join(root, edit.file)
    const url = pathToFileURL(path).href
    texts.set(url, edited(texts.get(url) ?? readFileSync(path, 'utf8'), edit))
  }
  return texts
}

/** For this thread, and for modules that are imported from now on. */
export function plantBug(bug: PlantedBug): void {
  const texts = buggySources(bug)
  registerHooks({
    load: (url, context, nextLoad) => {
      const module = nextLoad(url, context)
      const text = texts.get(url)
      return text === undefined ? module : { ...module, source: text }
    },
  })
}
