/**
 * Measures what the costs are computed from: `npm run costs:measure`, some minutes. The deployed handlers
 * and the gateway run in processes of their own, over the embedded engine, through a meter.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedDynamodb } from '../../test/support/embedded-dynamodb.ts'
import { startGatewayBench } from '../../test/support/gateway-bench.ts'
import { stageEnvironment } from '../../test/support/stage-environment.ts'
import { measureHeartbeat } from './measure-heartbeat.ts'
import { measureLedger } from './measure-ledger.ts'
import { measureRequest } from './measure-request.ts'
import { measureSchedules } from './measure-schedules.ts'
import { type Measured, measuredFile } from './measured.ts'
import { startMeter } from './meter.ts'

const engine = await startEmbeddedDynamodb()
const meter = await startMeter(engine.endpoint)
// Whoever opens tables from here on does it through the meter.
process.env.DYNAMODB_ENDPOINT = meter.endpoint
const folder = await mkdtemp(join(tmpdir(), 'b3iq-cost-'))
const open = async () => {
  const bench = await startGatewayBench()
  return { bench, meter, env: await stageEnvironment(bench, { stage: 'local', folder }) }
}
export type Bench = Awaited<ReturnType<typeof open>>

try {
  console.error('… requests')
  const { request, rollUp } = await measureRequest(await open())
  console.error('… heartbeats')
  const heartbeat = await measureHeartbeat(await open())
  console.error('… ledger')
  const ledger = await measureLedger({ engine, meter })
  const { schedules, fleetNodes } = await measureSchedules(open)
  const on = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown kind'}, shared`,
    node: process.version,
  }
  const measured: Measured = { on, request, rollUp, ...ledger, heartbeat, schedules, fleetNodes }
  await writeFile(measuredFile, `${JSON.stringify(measured, rounded, 2)}\n`)
  console.error(`Wrote ${measuredFile}: npm run costs`)
} finally {
  meter.stop()
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
}
process.exit(0)

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(3)) : value
}
