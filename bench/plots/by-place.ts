/** Bars and lines over a few named places, such as workloads or variants. */
import {
  type Area,
  colourOf,
  heading,
  label,
  legend,
  legendHeight,
  niceAbove,
  polyline,
  short,
  step,
  svg,
  text,
} from './svg.ts'

export type Series = { readonly name: string; readonly values: readonly number[] }
export type Plot = {
  readonly title: string
  /** Names along the lower edge; each series has one value for each. */
  readonly places: readonly string[]
  readonly series: readonly Series[]
  /** Top of the scale. @default a round number above the largest value */
  readonly most?: number
  readonly unit: string
}

const width = 720
const height = 320
const shares = [0, 0.25, 0.5, 0.75, 1] as const

export const barsSvg = (plot: Plot): string => framed(plot, barsOf)
export const linesSvg = (plot: Plot): string => framed(plot, lineOf)

type Frame = { readonly area: Area; readonly slot: number; readonly yOf: (value: number) => number }
type Draw = (frame: Frame, series: Series, at: number, of: number) => readonly string[]

const barsOf: Draw = ({ area, slot, yOf }, { values }, at, of) => {
  const bar = (0.8 * slot) / of
  return values.flatMap((value, place) => {
    const x = area.left + place * slot + 0.1 * slot + at * bar
    const y = yOf(value)
    return [
      `<rect x="${short(x)}" y="${short(y)}" width="${short(bar - 2)}" height="${short(area.bottom - y)}" fill="${colourOf(at)}"/>`,
      text(x + bar / 2 - 1, y - 4, label(value), ' text-anchor="middle" font-size="10"'),
    ]
  })
}

const lineOf: Draw = ({ area, slot, yOf }, { values }, at) => {
  const points = values.map(
    (value, place) => [area.left + (place + 0.5) * slot, yOf(value)] as const,
  )
  const dots = points.map(
    ([x, y]) => `<circle cx="${short(x)}" cy="${short(y)}" r="3.5" fill="${colourOf(at)}"/>`,
  )
  return [polyline(points, { colour: colourOf(at) }), ...dots]
}

function framed(plot: Plot, draw: Draw): string {
  const { title, places, series, unit } = plot
  const names = series.map(({ name }, at) => ({ name, colour: colourOf(at) }))
  const sides = { left: 72, right: width - 16 }
  const top = 46 + legendHeight(names, sides.right - sides.left)
  const area = { ...sides, top, bottom: height - 40 }
  const most = plot.most ?? niceAbove(Math.max(...series.flatMap(({ values }) => values)))
  const yOf = (value: number) =>
    area.bottom - (Math.min(value, most) / most) * (area.bottom - area.top)
  const slot = (area.right - area.left) / places.length
  return svg({ width, height, title }, [
    heading(area.left, 22, title),
    ...legend(names, { ...sides, top: 36 }),
    ...shares.flatMap((share) =>
      step(area, yOf(share * most), `${label(share * most)} ${unit}`.trim()),
    ),
    ...series.flatMap((one, at) => draw({ area, slot, yOf }, one, at, series.length)),
    ...places.map((place, at) =>
      text(area.left + (at + 0.5) * slot, area.bottom + 20, place, ' text-anchor="middle"'),
    ),
  ])
}
