/**
 * `node test/load/fleet.ts --nodes 1000 --seconds 60 --outage 30`: simulated nodes with real
 * signatures against a real ingest over HTTP. Fails when a beat that was acknowledged is not stored.
 */
import { parseArgs } from 'node:util'
import { runFleet } from './run-fleet.ts'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    outage: { type: 'string', default: '30' },
    interval: { type: 'string', default: '15' },
  },
})
const whole = (name: keyof typeof values, min: number): number => {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < min) {
    throw new Error(`--${name} must be a whole number, ${min} or more.`)
  }
  return value
}

const report = await runFleet({
  nodes: whole('nodes', 1),
  intervalMs: whole('interval', 1) * 1_000,
  steadyMs: whole('seconds', 1) * 1_000,
  outageMs: whole('outage', 0) * 1_000,
  recoveryMsMax: 5 * 60_000,
})
console.log(JSON.stringify(report, null, 2))
const wasHeard = report.recovery === undefined || report.recovery.allHeardAfterMs !== undefined
process.exitCode = report.lost === 0 && wasHeard ? 0 : 1
