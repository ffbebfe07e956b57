/** Starts the load generator, in a process of its own so that it waits for nobody's event loop. */
import { join } from 'node:path'
import { startChild } from './child.ts'
import { type LoadOrder, type LoadReport, LoadResult } from './load-order.ts'

export type Load = {
  /** Throws where one reply was not a whole answer. */
  readonly run: (order: LoadOrder) => Promise<LoadReport>
  readonly stop: () => Promise<void>
}

const runWithinMs = 180_000

export async function startLoad(): Promise<Load> {
  const child = await startChild(join(import.meta.dirname, 'load-process.ts'), {})
  return {
    run: async (order) => {
      const result = LoadResult.parse(await child.ask(order, runWithinMs))
      if (result.kind === 'failed') throw new Error(`${order.url}: ${result.why}`)
      return result
    },
    stop: child.stop,
  }
}
