/** One run of each schedule, of a stage that is empty and of one with a fleet that stands still. */
import { join } from 'node:path'
import { type ScheduleName, schedules } from '../../src/names.ts'
import { fleetOver } from '../../test/support/enrolled-fleet.ts'
import { modelOnSale } from '../../test/support/model-on-sale.ts'
import type { Bench } from './measure.ts'
import type { Measured, RunUse } from './measured.ts'
import { startSubject } from './subject.ts'

const nodes = 40
/** The first compiles; the second is what an environment does that stays warm. */
const runs = 2

type Measures = Pick<Measured, 'schedules' | 'fleetNodes'>

export async function measureSchedules(open: () => Promise<Bench>): Promise<Measures> {
  const empty = await open()
  const full = await open()
  const nodeIds = await addFleet(full)
  const beatAll = async () => {
    for (const nodeId of nodeIds) await full.bench.beat(nodeId)
  }
  const measured: Record<string, Measured['schedules'][string]> = {}
  for (const name of Object.keys(schedules).filter(isScheduleName)) {
    console.error(`… ${name}`)
    measured[name] = {
      idle: await warmRun(empty, name, async () => undefined),
      fleet: await warmRun(full, name, beatAll),
    }
  }
  return { schedules: measured, fleetNodes: nodes }
}

const isScheduleName = (name: string): name is ScheduleName => Object.hasOwn(schedules, name)

async function addFleet({ bench }: Bench): Promise<readonly string[]> {
  const nodeIds: string[] = []
  const { enrol, catalogue } = fleetOver(bench)
  await catalogue.putModel(modelOnSale('maker/model'))
  for (let at = 0; at < nodes; at += 1) {
    const { nodeId, publicKey, url } = await bench.newHost()
    const route = { kind: 'direct', url, epoch: 1 } as const
    const profile = { model: 'maker/model', profileId: 'maker/model@q8' }
    await enrol({ node: { nodeId, publicKey, route }, profile })
    nodeIds.push(nodeId)
  }
  return nodeIds
}

/** `before` each run: hosts that are silent for a minute would not be there for the next. */
async function warmRun(
  { meter, env }: Bench,
  name: ScheduleName,
  before: () => Promise<void>,
): Promise<RunUse> {
  const file = join(import.meta.dirname, 'run-process.ts')
  const handler = join(import.meta.dirname, '..', '..', 'functions', 'schedules', `${name}.ts`)
  const subject = await startSubject({ file, args: [handler], env })
  try {
    let use: RunUse | undefined
    for (let run = 0; run < runs; run += 1) {
      await before()
      meter.take()
      await subject.takeLog()
      const took = await subject.run({})
      const { lines: logLines, bytes: logBytes } = await subject.takeLog()
      use = { ...meter.take(), ...took, logLines, logBytes }
    }
    if (use === undefined) throw new Error('There was no run.')
    return use
  } finally {
    await subject.stop()
  }
}
