/** Small line plots as SVG, for a report that anyone can open. */
import type { Point } from './samples.ts'

export type Series = { readonly name: string; readonly points: readonly Point[] }

const size = { width: 640, height: 220 }
const margin = { left: 56, right: 120, top: 28, bottom: 28 }
/** They stand apart on light and on dark paper. */
const colours = ['#0b7a75', '#c77d1e', '#7b5ea7', '#c0392b', '#3a6ea5', '#8a8f98']

/** Time runs in seconds from 0; the vertical axis begins at 0. */
export function linePlot(title: string, series: readonly Series[]): string {
  const all = series.flatMap(({ points }) => points)
  const mostMs = Math.max(1, ...all.map(({ atMs }) => atMs))
  const most = niceAbove(Math.max(0, ...all.map(({ value }) => value)))
  const inner = {
    width: size.width - margin.left - margin.right,
    height: size.height - margin.top - margin.bottom,
  }
  const x = (atMs: number) => margin.left + (atMs / mostMs) * inner.width
  const y = (value: number) => margin.top + (1 - value / most) * inner.height
  const at = ({ atMs, value }: Point) => `${x(atMs).toFixed(1)},${y(value).toFixed(1)}`
  const lines = series.map(({ name, points }, place) => {
    const colour = colours[place % colours.length] ?? 'black'
    const labelY = margin.top + 12 + place * 16
    const label = text(size.width - margin.right + 8, labelY, name, `fill="${colour}"`)
    const path = points.map(at).join(' ')
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${path}"/>${label}`
  })
  const ticks = [0, most / 2, most].map((value) => {
    const line = `<line x1="${margin.left}" x2="${margin.left + inner.width}" y1="${y(value)}" y2="${y(value)}" stroke="#8884"/>`
    return line + text(margin.left - 6, y(value) + 4, String(value), 'text-anchor="end"')
  })
  const seconds = [0, mostMs / 2, mostMs].map((atMs) =>
    text(x(atMs), size.height - 8, `${Math.round(atMs / 1000)} s`, 'text-anchor="middle"'),
  )
  const head = `xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}"`
  return [
    `<svg ${head} font-family="sans-serif" font-size="11" fill="#667">`,
    `<title>${title}</title>`,
    text(margin.left, 18, title, 'font-weight="bold"'),
    ...ticks,
    ...seconds,
    ...lines,
    '</svg>\n',
  ].join('\n')
}

const text = (x: number, y: number, words: string, attributes: string): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(words)}</text>`

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** 1, 2 or 5 times a power of ten. */
function niceAbove(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power
}
