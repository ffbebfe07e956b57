/** What all schedule handlers have in common: compose once per environment, run, log the report. */
import middy from '@middy/core'
import type { ScheduleName } from '../../src/names.ts'
import { type Passes, runPasses } from '../../src/schedules/run-passes.ts'
import { log, logContext, system } from '../compose/parts.ts'
import { composeSchedule, type RunSchedule } from '../compose/schedules.ts'

export function scheduled(name: ScheduleName, passes: Passes = { passes: 1, everyMs: 0 }) {
  let composed: Promise<RunSchedule> | undefined
  return middy(async () => {
    composed ??= composeSchedule(process.env, name)
    const run = await composed.catch((error: unknown) => {
      // One failed read of the secrets must not disable this environment for good.
      composed = undefined
      throw error
    })
    await runPasses(system, passes, async () => {
      const startedAtMs = system.nowMs()
      const report = await run()
      log('schedule_ran', { schedule: name, tookMs: system.nowMs() - startedAtMs, ...report })
      return 'isIdle' in report && report.isIdle === true ? 'idle' : 'busy'
    })
  }).use(logContext)
}
