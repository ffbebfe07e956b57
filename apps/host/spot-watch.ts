/**
 * EC2 takes instances back: a Spot instance with two minutes' notice, one that its group replaces as soon as
 * the group's own wait of two minutes is over. Either is told by the metadata service alone, so the agent
 * asks, and lets what runs go on for as long as there is time.
 */
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/** Why a run ends that EC2 ended; also the reason of the signal that ends it. */
export const reclaimed = Symbol('reclaimed')

/** As often as EC2's documentation asks for. */
const lookEveryMs = 5_000

const spotPath = 'spot/instance-action'
const groupPath = 'autoscaling/target-lifecycle-state'

/** Aborts with `stop`, or with the reason `reclaimed` once EC2 has given notice. */
export function reclaimSignal(deps: {
  readonly stop: AbortSignal
  readonly read: (path: string) => Promise<string | undefined>
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Log
}): AbortSignal {
  const { stop, clock, log } = deps
  const notice = new AbortController()
  const ended = AbortSignal.any([stop, notice.signal])
  // A service that does not answer says nothing: the instance is there, or we would not ask.
  const read = (path: string) => deps.read(path).catch(() => undefined)

  async function look(): Promise<void> {
    const [spot, group] = await Promise.all([read(spotPath), read(groupPath)])
    if (spot === undefined && group !== 'Terminated') return
    log('reclaimed', { by: spot === undefined ? 'group' : 'spot' })
    notice.abort(reclaimed)
  }

  async function watch(): Promise<void> {
    while (!ended.aborted) {
      await look()
      await clock.sleep(lookEveryMs, ended)
    }
  }

  void watch()
  return ended
}
