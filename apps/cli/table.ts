/** Lists and single things as text: aligned columns, no more than a terminal of any kind needs. */
import type { Fields } from './api.ts'
import { ago, alignedAmounts, type CellKind, cell } from './cells.ts'
import { printable } from './printable.ts'

export type Column = {
  readonly title: string
  /** Dotted, into the row. */
  readonly path: string
  readonly kind: CellKind
}

const gap = '  '

/**
 * Columns from words such as `id`, `wallet.available_usd:usd=available`, `created_at:ago=created`: path,
 * kind, and title where that is not the end of the path.
 */
export function columns(...specs: readonly string[]): readonly Column[] {
  return specs.map((spec) => {
    const [rest = '', title] = spec.split('=')
    const [path = '', kind] = rest.split(':')
    return { path, kind: kindOf(kind), title: title ?? path.split('.').at(-1) ?? path }
  })
}

function kindOf(word: string | undefined): CellKind {
  if (word === undefined || word === 'text') return 'text'
  if (word === 'ago' || word === 'usd' || word === 'count') return word
  throw new Error(`There is no kind of cell "${word}".`)
}

export function toTable(
  rows: readonly Fields[],
  shown: readonly Column[],
  nowMs: number,
): readonly string[] {
  if (rows.length === 0) return ['There are none.']
  const laid = shown.map(({ title, path, kind }) => {
    const cells = rows.map((row) => cell(valueAt(row, path), kind, nowMs))
    const aligned = kind === 'usd' ? alignedAmounts(cells) : cells
    const width = Math.max(title.length, ...aligned.map(charsOf))
    const isRight = kind === 'usd' || kind === 'count'
    return [title, ...aligned].map((text) => padded(text, width, isRight))
  })
  return [-1, ...rows.keys()].map((at) =>
    laid
      .map((column) => column[at + 1] ?? '')
      .join(gap)
      .trimEnd(),
  )
}

/** Every field of a reply, one to a line; lists of objects follow as tables of their own. */
export function toRecord(fields: Fields, nowMs: number): readonly string[] {
  const { object: _, ...rest } = fields
  const lines = flatten(rest)
  const nameChars = Math.max(0, ...lines.map(({ name }) => charsOf(name)))
  const told = lines.map(
    ({ name, value }) => `${padded(name, nameChars, false)}${gap}${lineOf(value, nowMs)}`,
  )
  const tables = tablesIn(rest).flatMap(({ name, rows }) => [
    '',
    `${printable(name)}:`,
    ...toTable(rows, ownColumns(rows), nowMs).map((line) => `${gap}${line}`),
  ])
  return [...told, ...tables]
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/

const lineOf = (value: unknown, nowMs: number): string => {
  const text = cell(value, 'text', nowMs)
  return typeof value === 'string' && isoTime.test(value) ? `${text} (${ago(value, nowMs)})` : text
}

type Line = { readonly name: string; readonly value: unknown }

function flatten(fields: Fields, before = ''): readonly Line[] {
  return Object.entries(fields).flatMap(([key, value]): readonly Line[] => {
    const name = printable(`${before}${key}`)
    if (isFields(value)) return flatten(value, `${before}${key}.`)
    return isTable(value) ? [] : [{ name, value }]
  })
}

type Table = { readonly name: string; readonly rows: readonly Fields[] }

function tablesIn(fields: Fields, before = ''): readonly Table[] {
  return Object.entries(fields).flatMap(([key, value]): readonly Table[] => {
    if (isFields(value)) return tablesIn(value, `${before}${key}.`)
    return isTable(value) ? [{ name: `${before}${key}`, rows: value }] : []
  })
}

/** As the rows have them, in the order in which they first appear. */
function ownColumns(rows: readonly Fields[]): readonly Column[] {
  const flat = rows.flatMap((row) => flatten(row).map(({ name }) => name))
  return [...new Set(flat)]
    .filter((name) => name !== 'object')
    .map((path) => ({ path, title: path, kind: path.endsWith('_usd') ? 'usd' : 'text' }))
}

/** Of a list in the middle of the path: of each in it. */
export function valueAt(row: Fields, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value.map((one) => (isFields(one) ? one[key] : undefined))
    return isFields(value) ? value[key] : undefined
  }, row)
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTable = (value: unknown): value is readonly Fields[] =>
  Array.isArray(value) && value.length > 0 && value.every(isFields)

const charsOf = (text: string): number => [...text].length

const padded = (text: string, width: number, isRight: boolean): string => {
  const space = ' '.repeat(Math.max(0, width - charsOf(text)))
  return isRight ? space + text : text + space
}
