/**
 * For what strangers can make happen as often as they like: so many lines a minute, and then only
 * how many more there were. A log that they could fill would fill the owner's disk.
 */
import type { NowMs } from '../../src/protocol/clock.ts'
import type { Log } from './log.ts'

export const linesPerMinute = 30
const minuteMs = 60_000

export function makeSparingLog(log: Log, monotonicMs: NowMs): Log {
  let startedAtMs = Number.NEGATIVE_INFINITY
  let lines = 0

  return (event, fields) => {
    const atMs = monotonicMs()
    if (atMs - startedAtMs >= minuteMs) {
      if (lines > linesPerMinute) log('lines_left_out', { lines: lines - linesPerMinute })
      startedAtMs = atMs
      lines = 0
    }
    lines += 1
    if (lines <= linesPerMinute) log(event, fields)
  }
}
