/** Two kinds of picture as plain SVG, in colours that stand apart on light and on dark paper. */

export type Series = { readonly name: string; readonly values: readonly number[] }
export type Plot = {
  readonly title: string
  /** Names of the places along the lower edge; each series has one value for each. */
  readonly places: readonly string[]
  readonly series: readonly Series[]
  /** Top of the scale. */
  readonly most: number
  readonly unit: string
}

const width = 720
const height = 320
const area = { left: 64, right: 704, top: 64, bottom: 280 } as const
const colours = ['#0b7a75', '#8a8f98', '#c77d1e', '#7b5ea7', '#c0392b', '#3a6ea5'] as const

export const barsSvg = (plot: Plot): string => framed(plot, plot.series.flatMap(barsOf(plot)))
export const linesSvg = (plot: Plot): string => framed(plot, plot.series.flatMap(lineOf(plot)))

const colourOf = (at: number): string => colours[at % colours.length] ?? colours[0]
const short = (value: number): string => `${Number(value.toFixed(1))}`

const heightOf = ({ most }: Plot, value: number): number =>
  (Math.min(value, most) / most) * (area.bottom - area.top)

function barsOf(plot: Plot) {
  const slot = (area.right - area.left) / plot.places.length
  const bar = (0.8 * slot) / plot.series.length
  return ({ values }: Series, at: number): string[] =>
    values.flatMap((value, place) => {
      const x = area.left + place * slot + 0.1 * slot + at * bar
      const tall = heightOf(plot, value)
      const y = area.bottom - tall
      return [
        `<rect x="${short(x)}" y="${short(y)}" width="${short(bar - 2)}" height="${short(tall)}" fill="${colourOf(at)}"/>`,
        `<text x="${short(x + bar / 2 - 1)}" y="${short(y - 4)}" text-anchor="middle" font-size="10">${short(value)}</text>`,
      ]
    })
}

function lineOf(plot: Plot) {
  const slot = (area.right - area.left) / plot.places.length
  return ({ values }: Series, at: number): string[] => {
    const points = values.map((value, place) => {
      const x = area.left + (place + 0.5) * slot
      return [short(x), short(area.bottom - heightOf(plot, value))] as const
    })
    const path = points.map(([x, y]) => `${x},${y}`).join(' ')
    return [
      `<polyline points="${path}" fill="none" stroke="${colourOf(at)}" stroke-width="2.5"/>`,
      ...points.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3.5" fill="${colourOf(at)}"/>`),
    ]
  }
}

function framed(plot: Plot, marks: readonly string[]): string {
  const slot = (area.right - area.left) / plot.places.length
  const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => share * plot.most)
  const scale = steps.flatMap((value) => {
    const y = short(area.bottom - heightOf(plot, value))
    return [
      `<line x1="${area.left}" x2="${area.right}" y1="${y}" y2="${y}" stroke="#8884"/>`,
      `<text x="${area.left - 8}" y="${y}" text-anchor="end" dominant-baseline="middle">${short(value)} ${plot.unit}</text>`,
    ]
  })
  const places = plot.places.map(
    (place, at) =>
      `<text x="${short(area.left + (at + 0.5) * slot)}" y="${area.bottom + 20}" text-anchor="middle">${place}</text>`,
  )
  const names = plot.series.flatMap(({ name }, at) => {
    const x = area.left + at * 106
    return [
      `<rect x="${x}" y="38" width="10" height="10" fill="${colourOf(at)}"/>`,
      `<text x="${x + 14}" y="48">${name}</text>`,
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#667">`,
    `<title>${plot.title}</title>`,
    `<text x="${area.left}" y="22" font-size="15" font-weight="bold">${plot.title}</text>`,
    ...names,
    ...scale,
    ...marks,
    ...places,
    '</svg>',
    '',
  ].join('\n')
}
