/**
 * How many conversations lose their host although it stays: shards are runs of nodes, so that hosts which
 * leave move others into the shard before theirs.
 */
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { placeOf, pullOf, shardsAt } from '../../src/routing/affinity.ts'
import { makeStream } from '../../test/sim/engine/random.ts'

const hostsPerShard = 28
const shardsRead = 2
const conversations = 2_000

export type Churn = { readonly hosts: number; readonly leave: number; readonly moved: number }

/** `moved` is a share of the conversations whose host is still there. */
export function churnOf(hosts: number, leave: number): Churn {
  const stream = makeStream(1, `${hosts}/${leave}`)
  const before = Array.from({ length: hosts }, (_, index) => sha256Hex(`host ${index}`)).sort()
  const gone = new Set<string>()
  while (gone.size < leave) gone.add(before[stream.below(hosts)] ?? '')
  const after = before.filter((host) => !gone.has(host))
  const keys = Array.from({ length: conversations }, (_, index) => sha256Hex(`${index}`))
  const staying = keys.filter((key) => !gone.has(homeOf(key, before)))
  const moved = staying.filter((key) => homeOf(key, after) !== homeOf(key, before))
  return { hosts, leave, moved: moved.length / staying.length }
}

function homeOf(key: string, hosts: readonly string[]): string {
  const shards = Math.ceil(hosts.length / hostsPerShard)
  let home = ''
  let most = 0
  for (const index of shardsAt(placeOf(key), shards, shardsRead)) {
    for (const host of hosts.slice(index * hostsPerShard, (index + 1) * hostsPerShard)) {
      const pull = pullOf(key, host, 1)
      if (pull > most) [home, most] = [host, pull]
    }
  }
  return home
}
