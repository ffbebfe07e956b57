/** Names of models with `*` for any text, as keys' policies list them. */

/**
 * Each piece between two stars is taken where it comes first, which never spoils a later one: so one
 * pass over the name decides, whatever the pattern is.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  const [first = '', ...pieces] = pattern.split('*')
  const last = pieces.pop()
  if (last === undefined) return name === pattern
  if (!name.startsWith(first)) return false
  let from = first.length
  for (const piece of pieces) {
    const at = name.indexOf(piece, from)
    if (at < 0) return false
    from = at + piece.length
  }
  return name.length - last.length >= from && name.endsWith(last)
}
