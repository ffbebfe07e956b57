/** What a process used, as Linux counts it: its threads included, its children not. */
import { readFile } from 'node:fs/promises'

export type Usage = {
  /** Time of a core since its start, to the hundredth of a second. */
  readonly cpuMs: number
  readonly residentKb: number
  /** The most that it ever had. */
  readonly peakKb: number
}

const clockTicksPerSecond = 100

export async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ])
  // The name in parentheses may have spaces; utime and stime are the 14th and 15th fields.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return {
    cpuMs: (ticks * 1000) / clockTicksPerSecond,
    residentKb: kilobytesIn(status, 'VmRSS'),
    peakKb: kilobytesIn(status, 'VmHWM'),
  }
}

function kilobytesIn(status: string, name: string): number {
  const [, value] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? []
  if (value === undefined) throw new Error(`the process tells no ${name}`)
  return Number(value)
}
