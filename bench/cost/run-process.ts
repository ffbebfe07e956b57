/**
 * A deployed handler in a process of its own, started as Lambda starts it: each message from the
 * parent is one run, and the answer to it is how long the run took, of a core and of the clock.
 */
import * as z from 'zod'
import type { RunReport } from './run-report.ts'

const Module = z.object({ handler: z.function() })
const file = process.argv[2]
if (file === undefined) throw new Error('usage: run-process.ts FILE')

const { handler } = Module.parse(await import(file))

process.on('message', async (event) => {
  const startedAt = { cpu: process.cpuUsage(), ms: performance.now() }
  await Reflect.apply(handler, undefined, [event, { getRemainingTimeInMillis: () => 60_000 }])
  const { user, system } = process.cpuUsage(startedAt.cpu)
  const report: RunReport = {
    cpuMs: (user + system) / 1000,
    wallMs: performance.now() - startedAt.ms,
  }
  process.send?.(report)
})
process.once('disconnect', () => process.exit(0))
process.send?.('ready')
