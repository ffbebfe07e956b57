/** The gateway's memory for streams that are open and silent, by how many there are. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import { makeSigner } from '../../../src/protocol/ed25519.ts'
import { aQueue } from '../../../test/adapters/dynamodb/facts.ts'
import type { SuiteContext } from '../../harness/suite.ts'
import { type BenchStage, hostSlots, sell } from '../../stage/open-stage.ts'
import { chatBody } from '../../stage/prompt.ts'
import { startGateway } from '../../stage/start-gateway.ts'
import { startHost } from '../../stage/start-host.ts'
import type { Server } from '../../stage/start-server.ts'
import { type Asked, openStreams } from './silent-client.ts'

const streamCounts = [1, 100, 1_000] as const

/** In bytes, behind a collection. */
export type Memory = { readonly rss: number; readonly heapUsed: number; readonly external: number }
export type Open = { readonly streams: number; readonly memory: Memory }

/** A gateway has at most 256 connections to one host. */
const streamsPerHost = 250
const hosts = 4
/** One word, and then silence for longer than anybody looks, and less than a host may be silent. */
const silentModel = (host: number): string => `bench-${host}/words-1-every-28000`
const busyModel = (host: number): string => `bench-${host}/words-20`
const warmRequests = 400
/** A host that is silent for a minute serves no longer. */
const beatEveryMs = 10_000
const settleMs = 1_000
const tellsWithinMs = 10_000

const Memory = z.object({ rss: z.number(), heapUsed: z.number(), external: z.number() })

/** The first of what it returns is without any stream. */
export async function measureOpenStreams(
  stage: BenchStage,
  { progress, signal }: SuiteContext,
): Promise<readonly Open[]> {
  const stops: (() => Promise<void>)[] = []
  try {
    stops.push(...(await Promise.all(Array.from({ length: hosts }, (_, at) => addHost(stage, at)))))
    const gateway = await startGateway(await stage.environment('canned'), {
      flags: ['--expose-gc', '--import', join(import.meta.dirname, 'collect-garbage.ts')],
    })
    stops.push(() => end(gateway))
    const asked = (model: string, at: number): Asked => ({
      url: `${gateway.url}/v1/chat/completions`,
      headers: stage.headers[at % stage.headers.length] ?? {},
      body: chatBody(model, true),
    })
    // Code that is compiled and connections that are kept are no stream's.
    await openStreams(warmRequests, (at) => asked(busyModel(at % hosts), at), 'ended')
    // What the last of them left is not all let go at once.
    await memoryOf(gateway)
    await delay(settleMs, undefined, { signal })
    const found = [{ streams: 0, memory: await memoryOf(gateway) }]
    let open = 0
    for (const streams of streamCounts) {
      signal.throwIfAborted()
      progress(`${streams} open streams`)
      const before = open
      const silent = (at: number) => silentModel(Math.floor((before + at) / streamsPerHost))
      await openStreams(streams - before, (at) => asked(silent(at), before + at), 'begun')
      open = streams
      found.push({ streams, memory: await memoryOf(gateway) })
    }
    return found
  } finally {
    // The gateway first: a host that is gone is no more to be told of it.
    await Promise.all(stops.toReversed().map((stop) => stop()))
  }
}

/** Returns how to stop it. */
async function addHost({ bench }: BenchStage, at: number): Promise<() => Promise<void>> {
  const { publicKey } = makeSigner(bench.secrets.ticket_root_key.private_key)
  const host = await startHost({ stage: 'local', rootPublicKeys: [publicKey] })
  const beat = () => bench.beat(host.nodeId, { queues: { main: aQueue({ capacity: hostSlots }) } })
  await beat()
  await sell(bench.pool, host, silentModel(at))
  await sell(bench.pool, host, busyModel(at))
  const beating = setInterval(() => void beat().catch(() => undefined), beatEveryMs)
  return async () => {
    clearInterval(beating)
    await host.stop()
  }
}

/** At once: to a client that leaves it would say goodbye, and tell each host to stop. */
async function end(gateway: Server): Promise<void> {
  process.kill(gateway.pid, 'SIGKILL')
  await gateway.stop()
}

async function memoryOf(gateway: Server): Promise<Memory> {
  const before = gateway.errors()
  process.kill(gateway.pid, 'SIGUSR2')
  const endsAtMs = performance.now() + tellsWithinMs
  for (;;) {
    await delay(20)
    const told = gateway.errors()
    const [, memory] = /memory (\{[^}]*\})\n$/.exec(told) ?? []
    if (memory !== undefined && told !== before) return Memory.parse(JSON.parse(memory))
    if (performance.now() > endsAtMs) throw new Error('the gateway does not tell its memory')
  }
}
