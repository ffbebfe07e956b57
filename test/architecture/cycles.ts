/** Files that import each other in a ring can only be understood, tested and moved together. */
import type { SourceFile } from './source-file.ts'

/** One line per ring, as the path that leads back to its start. Type imports count. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const targets = new Map(
    files.map(({ path, imports }) => [path, new Set(imports.map(({ target }) => target))]),
  )
  const done = new Set<string>()
  const rings: string[] = []

  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path)
    if (start >= 0) {
      rings.push(`import cycle: ${[...trail.slice(start), path].join(' → ')}`)
      return
    }
    if (done.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }

  for (const path of targets.keys()) visit(path, [])
  return rings
}
