/**
 * The picture of `docs/costs.md` as plain SVG, in colours that stand apart on light and on dark paper:
 * cost over traffic on logarithmic scales, and what it is made of.
 */

export type Curve = {
  readonly name: string
  readonly colour: string
  readonly isDashed?: boolean
  /** By requests per month, ascending; not above zero is not drawn. */
  readonly points: readonly (readonly [requests: number, usd: number])[]
}

export type Bar = {
  readonly name: string
  readonly parts: readonly { readonly name: string; readonly usd: number }[]
}

type Area = {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

const width = 720
const height = 776
const months: Area = { left: 72, right: 350, top: 88, bottom: 380 }
const millions: Area = { left: 426, right: 694, top: 88, bottom: 380 }
const bars: Area = { left: 72, right: 704, top: 500, bottom: 760 }
export const colours = ['#0b7a75', '#c77d1e', '#7b5ea7', '#c0392b', '#3a6ea5', '#8a8f98'] as const

export type CostPlot = {
  readonly perMonth: readonly Curve[]
  readonly perMillion: readonly Curve[]
  readonly parts: { readonly title: string; readonly bars: readonly Bar[] }
}

export function costSvg({ perMonth, perMillion, parts }: CostPlot): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#778">`,
    '<title>What B3IQ costs on AWS, over traffic</title>',
    ...legend(perMonth, { x: 72, y: 24 }),
    ...panel(months, '$ per month', perMonth, { least: 0, most: 5 }),
    ...panel(millions, '$ per million requests', perMillion, { least: 1, most: 7 }),
    ...stack(parts),
    '</svg>',
    '',
  ].join('\n')
}

const colourOf = (at: number): string => colours[at % colours.length] ?? colours[0]
const short = (value: number): string => `${Number(value.toFixed(1))}`
const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${short(x)}" y="${short(y)}"${more}>${words}</text>`

function legend(
  curves: readonly Curve[],
  at: { readonly x: number; readonly y: number },
): string[] {
  return curves.flatMap(({ name, colour, isDashed }, place) => {
    const x = at.x + (place % 2) * 320
    const y = at.y + Math.floor(place / 2) * 20
    return [
      `<line x1="${x}" x2="${x + 22}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2.5"${dashes(isDashed)}/>`,
      text(x + 28, y + 4, name),
    ]
  })
}

const dashes = (isDashed = false): string => (isDashed ? ' stroke-dasharray="6 4"' : '')

const decades = 8
const digits = ['1', '10', '100', '1k', '10k', '100k', '1M', '10M', '100M'] as const

/** Both scales are logarithmic; `least` and `most` are exponents of ten of the upright one. */
function panel(
  area: Area,
  title: string,
  curves: readonly Curve[],
  { least, most }: { readonly least: number; readonly most: number },
): string[] {
  const xOf = (requests: number) =>
    area.left + (Math.log10(requests) / decades) * (area.right - area.left)
  const yOf = (usd: number) =>
    area.bottom - ((Math.log10(usd) - least) / (most - least)) * (area.bottom - area.top)
  const rows = Array.from({ length: most - least + 1 }, (_, at) => least + at).flatMap((power) => {
    const y = yOf(10 ** power)
    return [
      `<line x1="${area.left}" x2="${area.right}" y1="${short(y)}" y2="${short(y)}" stroke="#8884"/>`,
      text(area.left - 8, y + 4, `$${digits[power] ?? ''}`, ' text-anchor="end"'),
    ]
  })
  const columns = digits.flatMap((words, at) =>
    at % 2 === 0 ? [text(xOf(10 ** at), area.bottom + 20, words, ' text-anchor="middle"')] : [],
  )
  const middle = (area.left + area.right) / 2
  return [
    text(area.left, area.top - 14, title, ' font-size="15" font-weight="bold"'),
    ...rows,
    ...columns,
    text(middle, area.bottom + 40, 'paid requests per month', ' text-anchor="middle"'),
    ...curves.map(({ colour, isDashed, points }) => {
      const seen = points.filter(([, usd]) => usd >= 10 ** least && usd <= 10 ** most)
      const path = seen.map(([requests, usd]) => `${short(xOf(requests))},${short(yOf(usd))}`)
      return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5"${dashes(isDashed)}/>`
    }),
  ]
}

/** Lying bars, each with its own scale to its full width, since they differ by factors. */
function stack({ title, bars: rows }: CostPlot['parts']): string[] {
  const names = rows[0]?.parts.map(({ name }) => name) ?? []
  const room = (bars.bottom - bars.top) / rows.length
  return [
    text(bars.left, bars.top - 48, title, ' font-size="15" font-weight="bold"'),
    ...names.flatMap((name, at) => {
      const x = bars.left + (at % 3) * 215
      const y = bars.top - 34 + Math.floor(at / 3) * 18
      return [
        `<rect x="${x}" y="${y}" width="10" height="10" fill="${colourOf(at)}"/>`,
        text(x + 15, y + 9, name),
      ]
    }),
    ...rows.flatMap((row, at) => bar(row, bars.top + at * room + 22, room - 40)),
  ]
}

function bar({ name, parts }: Bar, y: number, tall: number): string[] {
  const total = parts.reduce((sum, { usd }) => sum + usd, 0)
  let x: number = bars.left
  const marks = parts.map(({ usd }, at) => {
    const wide = (usd / total) * (bars.right - bars.left)
    const mark = `<rect x="${short(x)}" y="${short(y)}" width="${short(wide)}" height="${short(tall)}" fill="${colourOf(at)}"/>`
    const label =
      wide > 44
        ? text(
            x + wide / 2,
            y + tall / 2 + 4,
            `$${usd.toFixed(2)}`,
            ' text-anchor="middle" fill="#fff"',
          )
        : ''
    x += wide
    return `${mark}${label}`
  })
  return [text(bars.left, y - 7, `${name}: $${total.toFixed(2)}`), ...marks]
}
