/**
 * Watches the GPUs in a loop of its own and keeps the latest reading, so that nothing waits for the
 * driver. No GPU, or no tool to see one, is a state and not a failure.
 */
import type { GpuReport, HostFacts } from '../../../src/protocol/heartbeat.ts'
import type { Clock } from '../clock.ts'
import { foreignApps, type GpuApp, type OwnUse, queryGpuApps, worksAlone } from './gpu-apps.ts'
import { bareFacts, factsAfter, type Platform } from './gpu-facts.ts'
import { type GpuSights, makeGpuQuery } from './gpu-query.ts'
import { makeSmi, type Smi } from './smi.ts'

const everyMs = 15_000
/** A driver that has to wake its cards first may take longer than one look. */
const firstLooksMax = 3
/** Utilisation lags by up to a second, so one look may see what our own work left behind. */
const aloneLooksMin = 2

export type GpuMonitor = {
  /** Before the first beat: waits for a driver that is slow to start, within bounds. */
  readonly firstLook: () => Promise<void>
  readonly readOnce: () => Promise<void>
  /** Reads until `stop` aborts. */
  readonly run: (stop: AbortSignal) => Promise<void>
  /** While the driver is silent the known cards stay, with nothing told of their load. */
  readonly latest: () => readonly GpuReport[]
  readonly apps: () => readonly GpuApp[]
  readonly hostFacts: () => HostFacts
  /** A program that is not ours holds memory, or a card has worked on its own for two looks. */
  readonly usedByOthers: () => boolean
}

export function makeGpuMonitor(deps: {
  readonly clock: Pick<Clock, 'sleep'>
  /** What the agent's own runtimes are and do. */
  readonly own: () => OwnUse
  /** Replaced in tests only. */
  readonly smi?: Smi
  readonly platform?: Platform
}): GpuMonitor {
  const smi = deps.smi ?? makeSmi()
  const queryGpus = makeGpuQuery(smi)
  let facts = bareFacts(deps.platform ?? { os: process.platform, arch: process.arch })
  let gpus: readonly GpuReport[] = []
  let apps: readonly GpuApp[] = []
  let aloneLooks = 0

  async function read(): Promise<GpuSights> {
    const sights = await queryGpus()
    if (!sights.ok) {
      gpus = gpus.map(withoutLoad)
      apps = []
      aloneLooks = 0
      return sights
    }
    gpus = sights.gpus.map(({ report }) => report)
    facts = factsAfter(facts, sights.gpus)
    aloneLooks = worksAlone({ gpus, ...deps.own() }) ? aloneLooks + 1 : 0
    apps = gpus.length === 0 ? [] : ((await queryGpuApps(smi)) ?? [])
    return sights
  }

  const readOnce = async () => void (await read())

  return {
    readOnce,
    firstLook: async () => {
      for (let looks = 0; looks < firstLooksMax; looks += 1) {
        const sights = await read()
        if (sights.ok || sights.reason !== 'timeout') return
      }
    },
    run: async (stop) => {
      while (!stop.aborted) {
        await deps.clock.sleep(everyMs, stop)
        if (!stop.aborted) await readOnce()
      }
    },
    latest: () => gpus,
    apps: () => apps,
    hostFacts: () => facts,
    usedByOthers: () =>
      aloneLooks >= aloneLooksMin || foreignApps({ apps, ...deps.own() }).length > 0,
  }
}

const withoutLoad = ({ uuid, name, mem_total_mib }: GpuReport): GpuReport => ({
  uuid,
  name,
  mem_total_mib,
  mem_used_mib: null,
  util_pct: null,
  temp_c: null,
  power_w: null,
})
