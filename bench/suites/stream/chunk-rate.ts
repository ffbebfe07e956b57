/**
 * How many chunks a core relays in a second: by our gateway with everything on, and by two relays that only
 * relay. Counted is the time of a core that each process used, because on one machine all of them share it.
 */
import { join } from 'node:path'
import { freePort } from '../../../test/support/embedded-dynamodb.ts'
import { inRounds } from '../../harness/rounds.ts'
import type { SuiteContext } from '../../harness/suite.ts'
import { startLoad } from '../../stage/load.ts'
import type { BenchStage } from '../../stage/open-stage.ts'
import { chatBody } from '../../stage/prompt.ts'
import { startGateway } from '../../stage/start-gateway.ts'
import { type Server, startServer } from '../../stage/start-server.ts'

/** How a host's chunks come, as `answers.ts` of the bench stage names it. */
export type Regime = {
  readonly what: string
  readonly model: string
  readonly chunks: number
  /** Streams at a time, and all of them. */
  readonly concurrency: number
  readonly streams: number
  readonly rounds: number
}

export const atOnce: Regime = {
  what: 'many chunks a read',
  model: 'bench/words-4000',
  chunks: 4_000,
  concurrency: 8,
  streams: 24,
  rounds: 5,
}
export const apart: Regime = {
  what: 'one chunk a millisecond',
  model: 'bench/words-3000-every-1',
  chunks: 3_000,
  concurrency: 8,
  streams: 8,
  rounds: 3,
}

const names = ['gateway', 'parsing relay', 'pipe'] as const
export type Relaying = (typeof names)[number]
/** Microseconds of a core for each chunk, by round. */
export type Costs = ReadonlyMap<Relaying, readonly number[]>

export async function measureChunks(
  stage: BenchStage,
  regimes: readonly Regime[],
  { progress, signal }: SuiteContext,
): Promise<readonly Costs[]> {
  const servers: Server[] = []
  const started = async (starting: Promise<Server>) => {
    const server = await starting
    servers.push(server)
    return server
  }
  const load = await startLoad()
  const headers = [...stage.headers]
  try {
    const gateway = await started(startGateway(await stage.environment('canned')))
    const parsing = await started(startRelay('parse', stage.host.url))
    const pipe = await started(startRelay('pipe', stage.host.url))
    const costs: Costs[] = []
    for (const regime of regimes) {
      progress(regime.what)
      const { model, chunks, concurrency, streams, rounds } = regime
      const costOf = (server: Server) => async (): Promise<number> => {
        const before = await server.usage()
        await load.run({
          url: `${server.url}/v1/chat/completions`,
          body: chatBody(model, true),
          isStream: true,
          until: { requests: streams },
          ...{ headers, concurrency },
        })
        return (((await server.usage()).cpuMs - before.cpuMs) * 1_000) / (chunks * streams)
      }
      const variants = {
        gateway: costOf(gateway),
        'parsing relay': costOf(parsing),
        pipe: costOf(pipe),
      }
      costs.push(await inRounds(variants, { rounds, signal }))
    }
    return costs
  } finally {
    await Promise.all([...servers.map(({ stop }) => stop()), load.stop()])
  }
}

async function startRelay(mode: 'parse' | 'pipe', upstream: string): Promise<Server> {
  const port = await freePort()
  const file = join(import.meta.dirname, 'relay-process.ts')
  const options = { mode, upstream, port: String(port) }
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  return startServer({ command: process.execPath, args: [file, ...args], env: {}, port })
}
