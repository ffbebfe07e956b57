/** Starts a gateway that watches itself, over the embedded engine. */
import { join } from 'node:path'
import { type Child, startChild } from '../../stage/child.ts'
import type { BenchStage } from '../../stage/open-stage.ts'
import type { Target } from './added-time.ts'
import type { ByStep } from './timeline.ts'
import { type Caches, Greeting, type Order, ProfileTaken, StepsTaken } from './watched-orders.ts'

export type Watched = Pick<Child, 'usage' | 'stop'> & {
  readonly target: Target
  /** What was waited for since the last call. */
  readonly takeSteps: () => Promise<ByStep>
  readonly beginProfile: () => Promise<void>
  /** Milliseconds of the processor by what used them. */
  readonly takeProfile: () => Promise<ReadonlyMap<string, number>>
}

const answerWithinMs = 20_000

export async function startWatched(stage: BenchStage, caches: Caches): Promise<Watched> {
  const child = await startChild(
    join(import.meta.dirname, 'watched-gateway.ts'),
    { caches },
    { ...(await stage.environment('embedded')), B3IQ_METRICS_DISABLED: 'false' },
  )
  const { url } = Greeting.parse(child.greeting)
  const ask = (order: Order) => child.ask(order, answerWithinMs)
  return {
    target: { url: `${url}/v1/chat/completions`, headers: stage.headers },
    takeSteps: async () => StepsTaken.parse(await ask('take steps')),
    beginProfile: async () => void (await ask('begin profile')),
    takeProfile: async () => ProfileTaken.parse(await ask('take profile')),
    usage: child.usage,
    stop: child.stop,
  }
}
