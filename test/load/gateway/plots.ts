/** Small line plots over the seconds of a run, for a report that anyone can open. */
import { curvesSvg, linearAxis } from '../../../bench/plots/curves.ts'
import type { Point } from './samples.ts'

export type Series = { readonly name: string; readonly points: readonly Point[] }

/** Time runs from 0; the upright axis begins at 0. */
export function linePlot(title: string, series: readonly Series[]): string {
  const curves = series.map(({ name, points }) => ({
    name,
    points: points.map(({ atMs, value }) => [atMs / 1_000, value] as const),
  }))
  const all = curves.flatMap(({ points }) => points)
  const end = Math.max(1, ...all.map(([seconds]) => seconds))
  const ticks = [0, end / 2, end].map((at) => [at, `${Math.round(at)} s`] as const)
  const values = all.map(([, value]) => value)
  return curvesSvg({
    title,
    x: { title: 'time', scale: 'linear', least: 0, most: end, ticks },
    y: linearAxis('', values),
    curves,
  })
}
