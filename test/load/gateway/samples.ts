/** What is looked at every few seconds of a run, and the line that memory follows over its second half. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type Point = { readonly atMs: number; readonly value: number }

/** Resident memory by process id, in MB; those that are gone are missing. */
export async function residentMb(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const list = await run('ps', ['-o', 'pid=,rss=', '-p', pids.join(',')]).then(
    ({ stdout }) => stdout,
    // It fails where none of them is left.
    () => '',
  )
  const rows = list.split('\n').flatMap((line): [number, number][] => {
    const [pid, kb] = line.trim().split(/\s+/).map(Number)
    return pid === undefined || kb === undefined ? [] : [[pid, kb / 1024]]
  })
  return new Map(rows)
}

/** Least squares, in units a minute; 0 of fewer than two points. */
export function slopePerMinute(points: readonly Point[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const atMs = mean(points.map((point) => point.atMs))
  const value = mean(points.map((point) => point.value))
  let together = 0
  let spread = 0
  for (const point of points) {
    together += (point.atMs - atMs) * (point.value - value)
    spread += (point.atMs - atMs) ** 2
  }
  return spread === 0 ? 0 : (together / spread) * 60_000
}

/** The points of the later half of the time that they span. */
export function secondHalf(points: readonly Point[]): readonly Point[] {
  const fromMs = points[0]?.atMs ?? 0
  const middleMs = (fromMs + (points.at(-1)?.atMs ?? 0)) / 2
  return points.filter(({ atMs }) => atMs >= middleMs)
}
