/**
 * GPU facts from nvidia-smi. A machine without one, or without the tool, has no GPUs to tell of:
 * that is a state, not a failure.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { GpuReport } from '../../src/protocol/heartbeat.ts'
import { limits } from '../../src/protocol/limits.ts'

const fields = [
  'uuid',
  'name',
  'memory.used',
  'memory.total',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
]
const queryArguments = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits']
const timeoutMs = 3_000
const outputBytesMax = 64 * 1024
const textMax = 128

const run = promisify(execFile)

/** `command` is replaced in tests only. Never rejects. */
export async function readGpus(command = 'nvidia-smi'): Promise<GpuReport[]> {
  try {
    const { stdout } = await run(command, queryArguments, {
      timeout: timeoutMs,
      maxBuffer: outputBytesMax,
      windowsHide: true,
    })
    return parseGpus(stdout)
  } catch {
    return []
  }
}

/** One line per GPU, as `fields` order them; a line of another shape is left out. */
export function parseGpus(csv: string): GpuReport[] {
  return csv.split(/\r?\n/).flatMap(parseGpu).slice(0, limits.gpusPerNode)
}

function parseGpu(line: string): GpuReport[] {
  const cells = line.split(',').map((cell) => cell.trim())
  const [uuid, name, memUsed, memTotal, util, temp, power] = cells
  if (cells.length !== fields.length || !uuid) return []
  return [
    {
      uuid: uuid.slice(0, textMax),
      name: unknownAsNull(name)?.slice(0, textMax) ?? null,
      mem_used_mib: wholeOrNull(memUsed),
      mem_total_mib: wholeOrNull(memTotal),
      util_pct: within(numberOrNull(util), { min: 0, max: 100 }),
      temp_c: numberOrNull(temp),
      power_w: within(numberOrNull(power), { min: 0, max: Number.MAX_SAFE_INTEGER }),
    },
  ]
}

/** `[N/A]`, `[Not Supported]`, `[Unknown Error]` and their like. */
function unknownAsNull(cell: string | undefined): string | null {
  return cell === undefined || cell === '' || cell.startsWith('[') ? null : cell
}

function numberOrNull(cell: string | undefined): number | null {
  const text = unknownAsNull(cell)
  if (text === null) return null
  const value = Number(text)
  return Number.isFinite(value) ? value : null
}

function wholeOrNull(cell: string | undefined): number | null {
  const value = within(numberOrNull(cell), { min: 0, max: Number.MAX_SAFE_INTEGER })
  return value === null ? null : Math.round(value)
}

function within(value: number | null, range: { min: number; max: number }): number | null {
  return value !== null && value >= range.min && value <= range.max ? value : null
}
