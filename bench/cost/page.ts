/** Tables that stand in a page between marks, so that the words around them are written by hand. */

const begin = (name: string): string => `<!-- ${name} -->`
const end = (name: string): string => `<!-- end of ${name} -->`

/** The page with each table in its place; throws where the page has no place for one. */
export function withTables(page: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const from = text.indexOf(begin(name))
    const to = text.indexOf(end(name))
    if (from < 0 || to < from) throw new Error(`The page has no place for the table ${name}.`)
    const head = text.slice(0, from + begin(name).length)
    return `${head}\n\n${table}\n\n${text.slice(to)}`
  }, page)
}

export function markdownTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = titles.map((_, at) => (at === 0 ? '---' : '---:'))
  return [line(titles), line(rule), ...rows.map(line)].join('\n')
}
