/**
 * When which host fails, and how: drawn from a seed before anything starts, so that two runs of one seed
 * meet the same faults at the same times.
 */
import * as z from 'zod'
import { makeStream, type Stream } from '../../sim/engine/random.ts'

/**
 * `killed`: listener and sockets go, and come back. `frozen`: accepts connections, says and beats
 * nothing. `stalled`: the runtime makes no tokens. `cut`: all sockets are reset at once.
 */
export const FaultKind = z.enum(['killed', 'frozen', 'stalled', 'cut', 'busy'])
export type FaultKind = z.infer<typeof FaultKind>

/** `host` from 0; times from the start of the load. */
export const Fault = z.object({
  host: z.int().min(0),
  kind: FaultKind,
  atMs: z.int().min(0),
  durationMs: z.int().min(0),
})
export type Fault = z.infer<typeof Fault>

export type FaultPlan = {
  readonly seed: number
  readonly hosts: number
  readonly durationMs: number
  /** Mean time from the end of one fault of a host to its next. */
  readonly everyMs: number
  /** 1 for faults as long as real ones; a short run shortens them. */
  readonly scale: number
}

const kinds = ['killed', 'killed', 'cut', 'stalled', 'frozen', 'busy'] as const

const durationsMs: Readonly<Record<FaultKind, readonly [number, number]>> = {
  killed: [2_000, 20_000],
  // Some outlive the gateway's 10 s for headers and its 30 s of silence, some do not.
  frozen: [5_000, 40_000],
  stalled: [5_000, 40_000],
  cut: [0, 0],
  busy: [5_000, 15_000],
}

/** In order of time; the faults of one host never overlap, and each ends before the load does. */
export function planFaults(plan: FaultPlan): readonly Fault[] {
  const hosts = Array.from({ length: plan.hosts }, (_, host) => faultsOf(host, plan))
  return hosts.flat().sort((one, other) => one.atMs - other.atMs)
}

function faultsOf(host: number, { seed, durationMs, everyMs, scale }: FaultPlan): Fault[] {
  const stream = makeStream(seed, `faults of host ${host}`)
  const faults: Fault[] = []
  // From the first moment on, so that the hosts do not all fail for the first time at once.
  let atMs = Math.round(stream.unit() * everyMs)
  for (;;) {
    const fault = { host, atMs, ...drawFault(stream, scale) }
    if (atMs + fault.durationMs >= durationMs) return faults
    faults.push(fault)
    atMs += fault.durationMs + Math.max(1, Math.round((0.5 + stream.unit()) * everyMs))
  }
}

function drawFault(stream: Stream, scale: number): Pick<Fault, 'kind' | 'durationMs'> {
  const kind = stream.pick(kinds)
  const [least, most] = durationsMs[kind]
  return { kind, durationMs: Math.round(stream.between(least, most) * scale) }
}
