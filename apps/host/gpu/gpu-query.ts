/**
 * What nvidia-smi tells of each GPU. A field that the driver does not know would fail the whole
 * query, so the driver is asked once which it knows; the others read as unknown.
 */
import type { GpuReport } from '../../../src/protocol/heartbeat.ts'
import { limits } from '../../../src/protocol/limits.ts'
import type { ProgramOutput } from '../bounded-program.ts'
import type { Smi } from './smi.ts'
import { isGpuUuid, numberCell, textCell, wholeCell } from './smi-cells.ts'

const fields = [
  'uuid',
  'name',
  'driver_version',
  'compute_cap',
  'memory.used',
  'memory.total',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
] as const
type Field = (typeof fields)[number]

/** A GPU as it is now, with what it is beside it. */
export type GpuSight = {
  readonly report: GpuReport
  readonly driver: string | null
  readonly computeCapability: string | null
}

export type GpuSights =
  | { readonly ok: true; readonly gpus: readonly GpuSight[] }
  | { readonly ok: false; readonly reason: 'missing' | 'timeout' | 'failed' }

/** Never rejects. */
export type QueryGpus = () => Promise<GpuSights>

export function makeGpuQuery(smi: Smi): QueryGpus {
  let supported: readonly Field[] | undefined

  return async () => {
    supported ??= supportedFields(await smi(['--help-query-gpu']))
    const asked = supported ?? fields
    const output = await smi([`--query-gpu=${asked.join(',')}`, '--format=csv,noheader,nounits'])
    if (/^No devices were found/m.test(output.text)) return { ok: true, gpus: [] }
    return output.ok ? { ok: true, gpus: parseGpus(output.text, asked) } : output
  }
}

/** Undefined where the help could not be had: then all fields are tried. */
function supportedFields(help: ProgramOutput): readonly Field[] | undefined {
  if (!help.ok) return undefined
  const named = new Set([...help.text.matchAll(/"([\w.]+)"/g)].map(([, name]) => name))
  const known = fields.filter((field) => named.has(field))
  return known.includes('uuid') ? known : undefined
}

/** One line per GPU, in the order of `asked`; a line of another shape is left out. */
export function parseGpus(csv: string, asked: readonly Field[] = fields): GpuSight[] {
  return csv
    .split(/\r?\n/)
    .flatMap((line) => gpuSight(line, asked))
    .slice(0, limits.gpusPerNode)
}

function gpuSight(line: string, asked: readonly Field[]): GpuSight[] {
  const cells = line.split(',')
  const cell = (field: Field) => cells[asked.indexOf(field)]
  const uuid = textCell(cell('uuid'))
  if (cells.length !== asked.length || !isGpuUuid(uuid)) return []
  return [
    {
      driver: textCell(cell('driver_version')),
      computeCapability: textCell(cell('compute_cap')),
      report: {
        uuid,
        name: textCell(cell('name')),
        mem_used_mib: wholeCell(cell('memory.used')),
        mem_total_mib: wholeCell(cell('memory.total')),
        util_pct: numberCell(cell('utilization.gpu'), { min: 0, max: 100 }),
        temp_c: numberCell(cell('temperature.gpu'), { min: -273, max: 1_000 }),
        power_w: numberCell(cell('power.draw'), { min: 0, max: 100_000 }),
      },
    },
  ]
}
