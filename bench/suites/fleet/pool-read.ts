/**
 * What a gateway reads of a pool for one request: the head and two shards, through the real store and
 * the client's parsing, without sockets. The pool's size should not matter to it.
 */
import * as z from 'zod'
import type { Connection } from '../../../src/adapters/aws/connection.ts'
import { makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { localTableNames } from '../../../src/adapters/dynamodb/create-tables.ts'
import { makePoolStore } from '../../../src/adapters/dynamodb/pool-store.ts'
import { readShardFrom } from '../../../src/gateway/read-shard.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { coreSecEach } from '../../harness/core-time.ts'
import { generatedCandidates } from './generated-candidates.ts'
import { benchModels, benchNowMs } from './generated-fleet.ts'

const readsAtOnce = 200

/** Core seconds of one read. */
export async function poolReadSec(size: number): Promise<number> {
  const [model] = benchModels
  if (!model) throw new Error('a model')
  const store = makePoolStore(
    makeDatabase({
      tables: localTableNames('bench'),
      endpoint: 'http://127.0.0.1:1',
      connection: { post: keptInMemory(), close: () => undefined },
    }),
  )
  const candidates = generatedCandidates(size)
  const shards = Math.ceil(size / limits.candidatesPerShard)
  for (let index = 0; index < shards; index += 1) {
    const from = index * limits.candidatesPerShard
    const shard = store.pack(candidates.slice(from, from + limits.candidatesPerShard))
    if (!shard) throw new Error('a shard that fits')
    await store.writeShard(model.id, index, shard)
  }
  const head = { model, builtAtMs: benchNowMs, grace: undefined, shards, excludedBy: [] }
  await store.writeHead(head)

  let nowMs = benchNowMs
  const read = readShardFrom(store, { random: Math.random, nowMs: () => nowMs, freshMs: 5_000 })
  const reads = await coreSecEach(async () => {
    for (let at = 0; at < readsAtOnce; at += 1) {
      // Whatever was read before is stale by now.
      nowMs += 60_000
      const found = await read(model.id, { affinity: undefined, suits: () => true })
      if (!found || found.candidates.length === 0) throw new Error('a pool with candidates')
    }
  })
  return reads / readsAtOnce
}

const Call = z.object({
  Key: z.record(z.string(), z.unknown()).optional(),
  Item: z.looseObject({ pk: z.unknown(), sk: z.unknown() }).optional(),
})

/** Answers reads of single items with what was put; every other call has nothing to answer. */
function keptInMemory(): Connection['post'] {
  const items = new Map<string, Buffer>()
  const nameOf = ({ pk, sk }: Readonly<Record<string, unknown>>) => JSON.stringify([pk, sk])
  return async (_, body) => {
    const { Key, Item } = Call.parse(JSON.parse(body))
    if (Item) items.set(nameOf(Item), Buffer.from(JSON.stringify({ Item })))
    const found = Key && items.get(nameOf(Key))
    return { status: 200, headers: {}, body: found ?? Buffer.from('{}') }
  }
}
