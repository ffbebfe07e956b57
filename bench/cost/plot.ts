/** The picture of `docs/costs.md`: cost over traffic on logarithmic scales, and what it is made of. */
import { type Axis, type Curve, panel } from '../plots/curves.ts'
import { type Area, colourOf, heading, legend, short, svg, text } from '../plots/svg.ts'

export type Bar = {
  readonly name: string
  readonly parts: readonly { readonly name: string; readonly usd: number }[]
}

const width = 720
const height = 776
const months: Area = { left: 72, right: 350, top: 88, bottom: 380 }
const millions: Area = { left: 426, right: 694, top: 88, bottom: 380 }
const bars: Area = { left: 72, right: 704, top: 500, bottom: 760 }

export type CostPlot = {
  readonly perMonth: readonly Curve[]
  readonly perMillion: readonly Curve[]
  readonly parts: { readonly title: string; readonly bars: readonly Bar[] }
}

const title = 'What B3IQ costs on AWS, over traffic'

export const costSvg = ({ perMonth, perMillion, parts }: CostPlot): string =>
  svg({ width, height, title }, [
    ...legend(perMonth, { left: 72, right: width, top: 18 }),
    ...panel(months, { x: traffic, y: dollars('$ per month', 0, 5), curves: perMonth }),
    ...panel(millions, {
      x: traffic,
      y: dollars('$ per million requests', 1, 7),
      curves: perMillion,
    }),
    ...stack(parts),
  ])

const digits = ['1', '10', '100', '1k', '10k', '100k', '1M', '10M', '100M'] as const

const traffic: Axis = {
  title: 'paid requests per month',
  scale: 'log',
  least: 1,
  most: 1e8,
  ticks: digits.flatMap((words, at) => (at % 2 === 0 ? [[10 ** at, words] as const] : [])),
}

/** `least` and `most` are exponents of ten. */
const dollars = (words: string, least: number, most: number): Axis => ({
  title: words,
  scale: 'log',
  least: 10 ** least,
  most: 10 ** most,
  ticks: digits
    .slice(least, most + 1)
    .map((power, at) => [10 ** (least + at), `$${power}`] as const),
})

/** Lying bars, each with its own scale to its full width, since they differ by factors. */
function stack({ title: words, bars: rows }: CostPlot['parts']): string[] {
  const names = rows[0]?.parts ?? []
  const room = (bars.bottom - bars.top) / rows.length
  return [
    heading(bars.left, bars.top - 48, words),
    ...legend(
      names.map(({ name }, at) => ({ name, colour: colourOf(at) })),
      { left: bars.left, right: width, top: bars.top - 34 },
    ),
    ...rows.flatMap((row, at) => bar(row, bars.top + at * room + 22, room - 40)),
  ]
}

/** Narrower parts have no room for their label. */
const labelledFrom = 44

function bar({ name, parts }: Bar, y: number, tall: number): string[] {
  const total = parts.reduce((sum, { usd }) => sum + usd, 0)
  let x: number = bars.left
  const marks = parts.map(({ usd }, at) => {
    const wide = (usd / total) * (bars.right - bars.left)
    const [middle, base] = [x + wide / 2, y + tall / 2 + 4]
    const mark = `<rect x="${short(x)}" y="${short(y)}" width="${short(wide)}" height="${short(tall)}" fill="${colourOf(at)}"/>`
    x += wide
    if (wide <= labelledFrom) return mark
    return mark + text(middle, base, `$${usd.toFixed(2)}`, ' text-anchor="middle" fill="#fff"')
  })
  return [text(bars.left, y - 7, `${name}: $${total.toFixed(2)}`), ...marks]
}
