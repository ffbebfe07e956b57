/** What the gateway waits for, each wait timed. Nothing else about it is changed. */
import type { Attempt } from '../../../src/dispatch/attempt.ts'
import type { GatewayDeps } from '../../../src/gateway/deps.ts'
import type { Timeline } from './timeline.ts'

export function watchedDeps(deps: GatewayDeps, { watch }: Timeline): GatewayDeps {
  const { store, fleet, readIncidents } = deps
  return {
    ...deps,
    keys: watch('key', deps.keys),
    accounts: watch('key', deps.accounts),
    shards: watch('pool', deps.shards),
    readIncidents: watch('pool', readIncidents),
    store: {
      ...store,
      reserve: watch('hold', store.reserve),
      decide: watch('decision', store.decide),
      settle: watch('settlement', store.settle),
    },
    fleet: { ...fleet, readHotItems: watch('hold', fleet.readHotItems) },
    startAttempt: async (order) => watchedEvents(await startAttempt(order), watch),
  }

  function startAttempt(order: Parameters<GatewayDeps['startAttempt']>[0]): Promise<Attempt> {
    return watch('proof', deps.startAttempt)(order)
  }
}

function watchedEvents(attempt: Attempt, watch: Timeline['watch']): Attempt {
  if (attempt.kind === 'failed') return attempt
  const { events } = attempt
  const next = watch('words', () => events.next())
  async function* watched(): typeof events {
    try {
      for (;;) {
        const { done, value } = await next()
        if (done) return
        yield value
      }
    } finally {
      await events.return(undefined)
    }
  }
  return { ...attempt, events: watched() }
}
