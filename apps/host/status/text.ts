/** The status as people read it: the answer first, then what to do, then the machine. */
import type { GpuReport, RuntimeReport } from '../../../src/protocol/heartbeat.ts'
import { textTable } from '../text-table.ts'
import type { StatusReport } from './report.ts'

export function statusText(report: StatusReport): string {
  const { node, agent, last_beat: beat } = report
  const blocks = [
    [
      ...(node === null ? [] : [`${node.alias} (${node.node_id}) in stage ${node.stage}`]),
      report.summary,
    ],
    textTable(
      ['', ''],
      [
        [
          'Heartbeat',
          beat === null ? 'none yet' : `${ageText(beat.age_ms)} ago: ${beatText(beat)}`,
        ],
        ['Agent', agent === null ? 'has not run yet' : standingText(agent)],
        ['Mode', report.mode],
        ['Route', `${report.route.kind}, ${report.route.message}`],
        ['Tunnel', report.tunnel],
      ],
    ).slice(1),
    textTable(
      ['CLOSED GATE', 'PROFILES', 'WHAT TO DO'],
      report.closed_gates.map(({ gate, code, message, profile_ids }) => [
        gate,
        profile_ids.length === report.profiles.length ? 'all' : profile_ids.join(' '),
        `${message} (${code})`,
      ]),
    ),
    textTable(
      ['PROFILE', 'MODEL', 'EARNS', 'CLOSED GATES'],
      report.profiles.map(({ profile_id, model, eligible, closed }) => [
        profile_id,
        model,
        eligible ? 'yes' : 'no',
        closed.join(' '),
      ]),
    ),
    runtimeLines(report.runtimes),
    gpuLines(report.gpus),
  ]
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

export const runtimeLines = (runtimes: readonly RuntimeReport[]): string[] =>
  textTable(
    ['RUNTIME', 'KIND', 'VERSION', 'HEALTH', 'RUNNING', 'WAITING', 'SLOTS', 'LOADED', 'NOTE'],
    runtimes.map(({ id, kind, version, loaded, queue }) => [
      id,
      kind,
      version,
      queue.health,
      // Only the running agent knows what it counts itself.
      queue.source === 'runtime' ? String(queue.running) : '-',
      queue.source === 'runtime' ? String(queue.waiting) : '-',
      String(queue.capacity),
      loaded.join(' ') || '-',
      queue.reason ?? '',
    ]),
  )

export function gpuLines(gpus: readonly GpuReport[]): string[] {
  if (gpus.length === 0) return ['No GPU is seen (nvidia-smi tells of none).']
  return textTable(
    ['GPU', 'MEMORY', 'LOAD', 'TEMPERATURE', 'POWER'],
    gpus.map((gpu) => [
      gpu.name ?? gpu.uuid,
      `${known(gpu.mem_used_mib)} of ${known(gpu.mem_total_mib)} MiB`,
      `${known(gpu.util_pct)} %`,
      `${known(gpu.temp_c)} °C`,
      `${known(gpu.power_w === null ? null : Math.round(gpu.power_w))} W`,
    ]),
  )
}

const known = (value: number | null): string => (value === null ? '?' : String(value))

const beatText = ({ code, message }: { readonly code: string; readonly message: string }) =>
  code === 'ok' ? 'accepted' : `${code}. ${message}`

const standingText = ({ state, reason }: NonNullable<StatusReport['agent']>): string =>
  reason === null ? state : `${state}: ${reason}`

function ageText(ageMs: number): string {
  const seconds = Math.round(ageMs / 1000)
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
