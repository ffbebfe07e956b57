/** Histories of the simulator, played exactly as `npm run sim` plays them: every promise is checked. */
import { runSeeds } from '../../../test/sim/run/run-workers.ts'

export type Simulated = {
  readonly histories: number
  readonly events: number
  /** Histories a second of a core, all threads counted, batch by batch. */
  readonly perCoreSec: readonly number[]
}

/** Batches in which most of the code is compiled: a run of the simulator is many times as long. */
const batchesWarmingUp = 3

/** From the first seed on, in one thread. Throws where a promise is broken. */
export async function simulated(seeds: number): Promise<Simulated> {
  const perCoreSec: number[] = []
  let [played, spentSec] = [0, coreSecNow()]
  const onProgress = (histories: number) => {
    const nowSec = coreSecNow()
    perCoreSec.push((histories - played) / (nowSec - spentSec))
    played = histories
    spentSec = nowSec
  }
  const setup = { bug: undefined, canary: false }
  const report = await runSeeds({ from: 1, seeds, workers: 1, setup, onProgress })
  const { histories, events, failure } = report
  if (failure) throw new Error(`seed ${failure.seed} broke ${failure.invariant}`)
  return { histories, events, perCoreSec: perCoreSec.slice(batchesWarmingUp) }
}

function coreSecNow(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
