/** Tables for people: columns aligned by spaces, nothing that needs a terminal. */

const gap = '  '

/** Columns of `head` and `rows` in order; the last one is not padded. Empty without rows. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const lines = [head, ...rows]
  const widths = head.map((_, column) =>
    Math.max(...lines.map((cells) => lengthOf(cells[column] ?? ''))),
  )
  return lines.map((cells) =>
    widths
      .map((width, column) => padded(cells[column] ?? '', width))
      .join(gap)
      .trimEnd(),
  )
}

const lengthOf = (text: string): number => [...text].length

const padded = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - lengthOf(text)))
