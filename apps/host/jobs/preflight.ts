/** Checks that a job asks for before it begins; the first that fails names the reason. */
import type { Preflight } from '../../../src/protocol/job.ts'

export type PreflightFacts = {
  readonly inFlight: () => number
  readonly isRuntimeReachable: () => boolean
  /** Where the agent keeps its files; undefined where the system does not tell. */
  readonly diskFreeBytes: () => Promise<number | undefined>
}

const gib = 1024 ** 3
const diskGib = { disk_free_10gib: 10, disk_free_50gib: 50, disk_free_200gib: 200 } as const

export async function failedPreflight(
  checks: readonly Preflight[],
  facts: PreflightFacts,
): Promise<`preflight_${Preflight}` | undefined> {
  for (const check of checks) {
    if (!(await passes(check, facts))) return `preflight_${check}`
  }
  return undefined
}

async function passes(check: Preflight, facts: PreflightFacts): Promise<boolean> {
  switch (check) {
    case 'idle':
      return facts.inFlight() === 0
    case 'runtime_reachable':
      return facts.isRuntimeReachable()
    default:
      return ((await facts.diskFreeBytes()) ?? 0) >= diskGib[check] * gib
  }
}
