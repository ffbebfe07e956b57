/** A node's beats to ingest as it is deployed: what they use of the database, and what they leave in it. */
import { randomUUID } from 'node:crypto'
import { composeIngest } from '../../../functions/compose/ingest.ts'
import { hotKey } from '../../../src/adapters/dynamodb/items/fleet-keys.ts'
import { makeIngestApp } from '../../../src/ingest/app.ts'
import { signatureTag } from '../../../src/protocol/http-signature.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { nodeAliasOf } from '../../../src/protocol/node-identity.ts'
import { fleetOver } from '../../../test/support/enrolled-fleet.ts'
import { makeTestHost } from '../../../test/support/test-host.ts'
import { readStoredBytes } from './item-size.ts'
import type { Stand, Use } from './stand.ts'

export type Beats = {
  readonly use: Use
  /** Of the hot item, which the beat writes. */
  readonly storedBytes: number
}

type Runtimes = readonly object[]

/** One beat of a node that has beaten before, from a process that has heard others: its caches are warm. */
export async function measureBeat(stand: Stand, runtimes: Runtimes): Promise<Beats> {
  const { bench } = stand
  const ingest = makeIngestApp({ ...(await composeIngest(stand.env)), log: () => undefined })
  const host = makeTestHost({ ingest, nowMs: Date.now })
  const { nodeId, signer } = host
  await fleetOver(bench).enrol({
    node: { nodeId, publicKey: signer.publicKey, alias: nodeAliasOf(nodeId) },
    beat: 'none',
    probe: 'none',
  })
  const beat = async (changes: object = {}) => {
    const tag = signatureTag('local', 'heartbeat')
    const reply = await host.beat({ runtimes, ...changes }, { tag })
    if (reply.status !== 200) throw new Error(`the beat failed: ${JSON.stringify(reply.body)}`)
  }
  await beat()
  // After a restart the item remembers the life before as well, and is largest.
  const restarted = { boot_id: randomUUID() }
  await beat(restarted)
  const use = await stand.use(() => beat(restarted))
  const table = bench.tables.profiles
  return { use, storedBytes: await readStoredBytes(bench.endpoint, { table, key: hotKey(nodeId) }) }
}

const queue = { source: 'runtime', waiting: 0, capacity: 8, health: 'ok', reason: null }

/** As most hosts have it. */
export const usualRuntimes: Runtimes = [
  {
    id: 'vllm-0',
    kind: 'vllm',
    version: '0.11.2',
    reachable: true,
    loaded: [],
    queue: { ...queue, running: 3 },
  },
]

/** As many as there may be, each with the longest words that it may have. */
export const mostRuntimes: Runtimes = Array.from({ length: limits.runtimesPerNode }, (_, at) => ({
  id: `runtime-${at}`.padEnd(32, 'x'),
  kind: 'llamacpp',
  version: '☂'.repeat(32),
  reachable: false,
  loaded: [],
  queue: { ...queue, running: 4_096, capacity: 4_096, health: 'unhealthy' },
}))
