/**
 * One run of each schedule, of a stage that is empty and of two with fleets that stand still: what a node
 * adds is the difference of the two, because most of what a small one costs is the passes themselves.
 */
import { join } from 'node:path'
import { type ScheduleName, scheduleNames } from '../../src/names.ts'
import { fleetOver } from '../../test/support/enrolled-fleet.ts'
import { modelOnSale } from '../../test/support/model-on-sale.ts'
import type { Bench } from './measure.ts'
import type { Measured, RunUse } from './measured.ts'
import { startSubject } from './subject.ts'

const fleetNodes = { small: 40, large: 400 } as const
/** Beats that are recorded at once. */
const beatsAtOnce = 20
/** The first compiles; the second is what an environment does that stays warm. */
const runs = 2

type Measures = Pick<Measured, 'schedules' | 'fleetNodes'>

export async function measureSchedules(open: () => Promise<Bench>): Promise<Measures> {
  const empty = await open()
  const small = await openFleet(open, fleetNodes.small)
  const large = await openFleet(open, fleetNodes.large)
  const measured: Record<string, Measured['schedules'][string]> = {}
  for (const name of scheduleNames) {
    console.error(`… ${name}`)
    measured[name] = {
      idle: await warmRun(empty, name, async () => undefined),
      small: await warmRun(small.stage, name, small.beatAll),
      large: await warmRun(large.stage, name, large.beatAll),
    }
  }
  return { schedules: measured, fleetNodes }
}

async function openFleet(open: () => Promise<Bench>, nodes: number) {
  const stage = await open()
  const { bench } = stage
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
  const beatAll = async () => {
    for (let from = 0; from < nodes; from += beatsAtOnce) {
      await Promise.all(nodeIds.slice(from, from + beatsAtOnce).map((nodeId) => bench.beat(nodeId)))
    }
  }
  return { stage, beatAll }
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
