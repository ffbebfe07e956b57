/**
 * One thread that plays histories. The bug is planted before the simulation is imported, so that
 * nothing of the program is loaded without it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { forbidAmbient } from '../engine/ambient.ts'
import { type PlantedBug, plantBug } from './plant-bug.ts'
import type { Batch, Played } from './play.ts'

export type WorkerSetup = { readonly bug: PlantedBug | undefined; readonly canary: boolean }

const setup: WorkerSetup = workerData
if (setup.bug) plantBug(setup.bug)
const { playBatch } = await import('./play.ts')
forbidAmbient()

parentPort?.on('message', async (batch: Batch) => {
  const played: Played = await playBatch(batch, setup)
  parentPort?.postMessage(played)
})
