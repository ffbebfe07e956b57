/** What all schedule handlers have in common: compose once per environment, run, log the report. */
import middy from '@middy/core'
import type { ScheduleName } from '../../src/names.ts'
import { log } from '../compose/parts.ts'
import { composeSchedule, type RunSchedule } from '../compose/schedules.ts'

export function scheduled(
  name: ScheduleName,
  options: { readonly passes: number; readonly everyMs: number } = { passes: 1, everyMs: 0 },
) {
  let composed: Promise<RunSchedule> | undefined
  return middy(async () => {
    composed ??= composeSchedule(process.env, name)
    const run = await composed.catch((error: unknown) => {
      // One failed read of the secrets must not disable this environment for good.
      composed = undefined
      throw error
    })
    for (let pass = 0; pass < options.passes; pass += 1) {
      const startedAtMs = Date.now()
      const report = await run()
      log('schedule_ran', { schedule: name, tookMs: Date.now() - startedAtMs, ...report })
      const leftMs = options.everyMs - (Date.now() - startedAtMs)
      if (pass + 1 < options.passes && leftMs > 0) await new Promise((r) => setTimeout(r, leftMs))
    }
  })
}
