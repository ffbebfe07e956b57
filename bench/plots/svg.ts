/** What every picture is made of: plain SVG, in colours that stand apart on light and on dark paper. */

export const colours = ['#0b7a75', '#c77d1e', '#7b5ea7', '#c0392b', '#3a6ea5', '#8a8f98'] as const

export const colourOf = (at: number): string => colours[at % colours.length] ?? colours[0]

/** In pixels from the upper left corner. */
export type Area = {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export type Paper = { readonly width: number; readonly height: number; readonly title: string }

export const svg = ({ width, height, title }: Paper, marks: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#778">`,
    `<title>${escaped(title)}</title>`,
    ...marks,
    '</svg>',
    '',
  ].join('\n')

/** A tenth of a pixel is not seen. */
export const short = (value: number): string => `${Number(value.toFixed(1))}`

/** A number as a reader wants it beside a mark. */
export const label = (value: number): string =>
  Math.abs(value) >= 1 ? short(value) : `${Number(value.toPrecision(2))}`

/** `more`: further attributes, each after a space. */
export const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${short(x)}" y="${short(y)}"${more}>${escaped(words)}</text>`

export const heading = (x: number, y: number, words: string): string =>
  text(x, y, words, ' font-size="15" font-weight="bold"')

/** One step of an upright scale, across the area. */
export function step({ left, right }: Area, y: number, words: string): string[] {
  const ends = `x1="${left}" x2="${right}" y1="${short(y)}" y2="${short(y)}"`
  return [
    `<line ${ends} stroke="#8884"/>`,
    text(left - 8, y, words, ' text-anchor="end" dominant-baseline="middle"'),
  ]
}

export type Pen = { readonly colour: string; readonly isDashed?: boolean | undefined }

export const dashes = ({ isDashed = false }: Pen): string =>
  isDashed ? ' stroke-dasharray="6 4"' : ''

export function polyline(points: readonly (readonly [x: number, y: number])[], pen: Pen): string {
  const path = points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ')
  return `<polyline points="${path}" fill="none" stroke="${pen.colour}" stroke-width="2.5"${dashes(pen)}/>`
}

export type Named = Pen & { readonly name: string }

const rowHeight = 18
const columnLeast = 106
/** About as wide as a letter of this size is. */
const letterWidth = 6.4

const columnsOf = (names: readonly Named[], width: number) => {
  const longest = Math.max(0, ...names.map(({ name }) => name.length))
  const columnWidth = Math.max(columnLeast, 30 + longest * letterWidth)
  return { columnWidth, columns: Math.max(1, Math.floor(width / columnWidth)) }
}

export const legendHeight = (names: readonly Named[], width: number): number =>
  rowHeight * Math.ceil(names.length / columnsOf(names, width).columns)

/** Names beside their colours, in as many rows as they need. */
export function legend(names: readonly Named[], { left, right, top }: Omit<Area, 'bottom'>) {
  const { columnWidth, columns } = columnsOf(names, right - left)
  return names.flatMap(({ name, ...pen }, at) => {
    const x = left + (at % columns) * columnWidth
    const y = top + Math.floor(at / columns) * rowHeight
    const line = `x1="${short(x)}" x2="${short(x + 14)}" y1="${y + 6}" y2="${y + 6}"`
    return [
      pen.isDashed
        ? `<line ${line} stroke="${pen.colour}" stroke-width="2.5" stroke-dasharray="4 3"/>`
        : `<rect x="${short(x)}" y="${y}" width="10" height="10" fill="${pen.colour}"/>`,
      text(x + 18, y + 10, name),
    ]
  })
}

/** 1, 2 or 5 times a power of ten. */
export function niceAbove(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power
}

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
