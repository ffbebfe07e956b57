/** The measurement as people read it, and what it is not. */
import { textTable } from '../text-table.ts'
import type { Level } from './level.ts'
import type { Ramp } from './ramp.ts'

export type Measured = {
  readonly runtime_id: string
  /** Null where the runtime has no model that answers. */
  readonly model: string | null
  readonly levels: readonly Level[]
  readonly ended: Ramp['ended'] | 'no_model' | 'unreachable'
}

export const notEvidence =
  'This is a preview for you. The operator believes only what it measures itself through the public route.'

const endings: Readonly<Record<Measured['ended'], string>> = {
  no_gain: 'More requests at once brought no more tokens.',
  failures: 'More requests at once failed.',
  time: 'The time was over.',
  concurrency_limit: 'It was not tried with more requests at once.',
  no_model: 'It has no model that answers a chat request: install one.',
  unreachable: 'It does not answer: start it or correct its address.',
}

export function benchText(all: readonly Measured[]): string {
  return [...all.flatMap((one) => [...measuredLines(one), '']), notEvidence].join('\n')
}

export const levelText = (level: Level): string =>
  `${level.concurrency} at once: ${level.throughput_tokens_per_second} tokens/s`

function measuredLines({ runtime_id, model, levels, ended }: Measured): string[] {
  const table = textTable(
    [
      'AT ONCE',
      'REQUESTS',
      'FAILED',
      'FIRST TOKEN P50',
      'P95',
      'TOKENS/S P50',
      'P5',
      'ALL TOGETHER',
    ],
    levels.map((level) => [
      String(level.concurrency),
      String(level.requests),
      String(level.failed),
      withUnit(level.first_content_ms_p50, 'ms'),
      withUnit(level.first_content_ms_p95, 'ms'),
      withUnit(level.tokens_per_second_p50),
      withUnit(level.tokens_per_second_p5),
      `${level.throughput_tokens_per_second} tokens/s`,
    ]),
  )
  return [`${runtime_id}${model === null ? '' : `, ${model}`}`, ...table, endings[ended]]
}

const withUnit = (value: number | null, unit?: string): string =>
  [value ?? '-', unit].filter((part) => part !== undefined).join(' ')
