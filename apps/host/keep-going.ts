/**
 * Loops beside the heartbeat may have bugs; none of them may end the agent, which would end the
 * heartbeat with it. One that fails is logged and begun again.
 */
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { messageOf } from './stated-error.ts'

const againAfterMs = 5_000

export async function keepGoing(deps: {
  readonly name: string
  readonly loop: (stop: AbortSignal) => Promise<void>
  readonly stop: AbortSignal
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Log
}): Promise<void> {
  const { name, stop, log } = deps
  let failed = true
  while (failed) {
    failed = await deps.loop(stop).then(
      () => false,
      (error) => {
        log('loop_bug', { name, message: messageOf(error) })
        return !stop.aborted
      },
    )
    if (failed) await deps.clock.sleep(againAfterMs, stop)
  }
}
