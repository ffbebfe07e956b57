/** Curves over numbers, each axis linear or logarithmic: one panel of a picture, or a whole one. */
import {
  type Area,
  colourOf,
  heading,
  label,
  legend,
  legendHeight,
  niceAbove,
  type Pen,
  polyline,
  short,
  step,
  svg,
  text,
} from './svg.ts'

export type Axis = {
  readonly title: string
  readonly scale: 'linear' | 'log'
  /** Above 0 on a logarithmic scale. */
  readonly least: number
  readonly most: number
  readonly ticks: readonly (readonly [at: number, words: string])[]
}

export type Points = readonly (readonly [x: number, y: number])[]

/** What lies outside the axes is not drawn. */
export type Curve = Pen & { readonly name: string; readonly points: Points }

const shareOf = ({ scale, least, most }: Axis, value: number): number =>
  scale === 'linear'
    ? (value - least) / (most - least)
    : Math.log(value / least) / Math.log(most / least)

const isOn = ({ least, most }: Axis, value: number): boolean => value >= least && value <= most

type Panel = { readonly x: Axis; readonly y: Axis; readonly curves: readonly Curve[] }

/** The upright axis has its title above it, the lying one below. */
export function panel(area: Area, { x, y, curves }: Panel): string[] {
  const xOf = (value: number) => area.left + shareOf(x, value) * (area.right - area.left)
  const yOf = (value: number) => area.bottom - shareOf(y, value) * (area.bottom - area.top)
  const middle = ' text-anchor="middle"'
  return [
    ...(y.title === '' ? [] : [heading(area.left, area.top - 14, y.title)]),
    ...y.ticks.flatMap(([at, words]) => step(area, yOf(at), words)),
    ...x.ticks.map(([at, words]) => text(xOf(at), area.bottom + 20, words, middle)),
    text((area.left + area.right) / 2, area.bottom + 40, x.title, middle),
    ...curves.flatMap(({ points, ...pen }) => {
      const seen = points.filter(([atX, atY]) => isOn(x, atX) && isOn(y, atY))
      const places = seen.map(([atX, atY]) => [xOf(atX), yOf(atY)] as const)
      return [polyline(places, pen), ...(places.length > dotsMax ? [] : places.map(dot(pen)))]
    }),
  ]
}

/** More of them than this hide the line. */
const dotsMax = 12

const dot =
  ({ colour }: Pen) =>
  ([x, y]: readonly [number, number]): string =>
    `<circle cx="${short(x)}" cy="${short(y)}" r="3" fill="${colour}"/>`

export type CurvesPlot = {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly curves: readonly { readonly name: string; readonly points: Points }[]
}

const width = 720

export function curvesSvg({ title, x, y, curves }: CurvesPlot): string {
  const drawn = curves.map((curve, at) => ({ ...curve, colour: colourOf(at) }))
  const sides = { left: 72, right: width - 40 }
  const top = 76 + legendHeight(drawn, sides.right - sides.left)
  const area = { ...sides, top, bottom: top + 260 }
  return svg({ width, height: area.bottom + 56, title }, [
    heading(area.left, 22, title),
    ...legend(drawn, { ...sides, top: 36 }),
    ...panel(area, { x, y, curves: drawn }),
  ])
}

/** From 0 to a round number above the largest value. */
export function linearAxis(title: string, values: readonly number[], unit = ''): Axis {
  const most = niceAbove(Math.max(0, ...values))
  const ticks = [0, most / 2, most].map((at) => [at, `${label(at)} ${unit}`.trim()] as const)
  return { title, scale: 'linear', least: 0, most, ticks }
}

/** Whole powers of ten around values above 0. */
export function logAxis(title: string, values: readonly number[], unit = ''): Axis {
  const powers = values.map(Math.log10)
  const least = Math.floor(Math.min(...powers))
  const most = Math.max(least + 1, Math.ceil(Math.max(...powers)))
  const ticks = Array.from({ length: most - least + 1 }, (_, at) => {
    const value = 10 ** (least + at)
    return [value, `${shortPower(value)} ${unit}`.trim()] as const
  })
  return { title, scale: 'log', least: 10 ** least, most: 10 ** most, ticks }
}

const shortPower = (value: number): string =>
  value.toLocaleString('en-US', { maximumSignificantDigits: 1 })
