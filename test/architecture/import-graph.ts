/** Rules that no file shows alone: rings of imports, and what a program carries along. */
import type { SourceFile } from './source-file.ts'
import { shipped } from './zones.ts'

/**
 * One line per ring, as the path that leads back to its start. Type imports count: files in a ring
 * can only be understood and moved together.
 */
export function importCycles(files: readonly SourceFile[]): string[] {
  const targetsOf = new Map(
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
    for (const target of targetsOf.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }

  for (const path of targetsOf.keys()) visit(path, [])
  return rings
}

/** Follows imports of values from every file that ships, as a bundler does. */
export function carriedViolations(files: readonly SourceFile[], ships: RegExp): string[] {
  const fileAt = new Map(files.map((file) => [file.path, file]))
  const reached = new Set(files.map(({ path }) => path).filter((path) => ships.test(path)))
  const violations: string[] = []
  // A set is walked in order of insertion: what is added here is walked as well.
  for (const path of reached) {
    const values = fileAt.get(path)?.imports.filter(({ isTypeOnly }) => !isTypeOnly) ?? []
    for (const { target, line } of values) {
      if (!target.startsWith('src/')) continue
      if (shipped.some((prefix) => target.startsWith(prefix))) reached.add(target)
      else violations.push(`${path}:${line} carries ${target} into a program that ships`)
    }
  }
  return violations
}
