/**
 * Which programs use the GPUs, and whether one of them is not ours: a person who games or renders
 * must not have to share the card with paid work.
 */
import type { RuntimeKind } from '../../../src/protocol/claim.ts'
import type { GpuReport } from '../../../src/protocol/heartbeat.ts'
import type { Smi } from './smi.ts'
import { isGpuUuid, textCell, wholeCell } from './smi-cells.ts'

export type GpuApp = {
  readonly gpuUuid: string
  readonly pid: number | null
  /** Null where the driver does not tell, as for programs in other containers. */
  readonly name: string | null
  /** Null where the driver does not tell, as for all programs on Windows. */
  readonly memUsedMib: number | null
}

const query = [
  '--query-compute-apps=gpu_uuid,pid,process_name,used_memory',
  '--format=csv,noheader,nounits',
]
const appsMax = 256

/** Undefined where they cannot be told. Never rejects. */
export async function queryGpuApps(smi: Smi): Promise<GpuApp[] | undefined> {
  const output = await smi(query)
  return output.ok ? parseGpuApps(output.text) : undefined
}

export function parseGpuApps(csv: string): GpuApp[] {
  return csv.split(/\r?\n/).flatMap(gpuApp).slice(0, appsMax)
}

function gpuApp(line: string): GpuApp[] {
  // The name is a path and may have commas of its own.
  const [, uuid, pid, name, memory] = /^([^,]*),([^,]*),(.*),([^,]*)$/.exec(line) ?? []
  const gpuUuid = textCell(uuid)
  if (!isGpuUuid(gpuUuid)) return []
  return [{ gpuUuid, pid: wholeCell(pid), name: textCell(name), memUsedMib: wholeCell(memory) }]
}

/** What the programs of each kind of runtime are called. */
const programs: Readonly<Record<RuntimeKind, RegExp>> = {
  vllm: /vllm|python/i,
  sglang: /sglang|python/i,
  ollama: /ollama|llama[-_]?server/i,
  llamacpp: /llama/i,
  lmstudio: /lm[ -]?studio|lms\b|llmster|node/i,
  // It may be any program.
  openai: /./,
}

/** Desktops keep a little memory on the card at all times. */
const memMibMin = 256
/** Above what a desktop at rest needs. */
const utilPctMin = 25

export type OwnUse = {
  /** Of the runtimes that this agent serves. */
  readonly kinds: readonly RuntimeKind[]
  /** Requests that those runtimes work on now, whoever asked. */
  readonly running: number
}

export type GpuUse = OwnUse & {
  readonly apps: readonly GpuApp[]
  readonly gpus: readonly GpuReport[]
}

/**
 * True when a program that is none of our runtimes holds memory, or a card works while our runtimes
 * rest. The latter is a hint: utilisation lags by up to a second, so judge it by several looks.
 */
export function gpuUsedByOthers(use: GpuUse): boolean {
  return foreignApps(use).length > 0 || worksAlone(use)
}

/** Programs that are certainly none of ours: what is not told counts for nobody. */
export function foreignApps({ apps, kinds }: Pick<GpuUse, 'apps' | 'kinds'>): GpuApp[] {
  return apps.filter(
    ({ name, memUsedMib }) =>
      name !== null &&
      memUsedMib !== null &&
      memUsedMib >= memMibMin &&
      !kinds.some((kind) => programs[kind].test(name)),
  )
}

export const worksAlone = ({ gpus, running }: Pick<GpuUse, 'gpus' | 'running'>): boolean =>
  running === 0 && gpus.some(({ util_pct }) => util_pct !== null && util_pct >= utilPctMin)
