/** When each node is probed, how many at once, and which results are worth a write. */
import { describe, expect, test } from 'vitest'
import { ids } from '../../src/adapters/system.ts'
import type { DialOrder, DialOutcome } from '../../src/dispatch/ports.ts'
import type { HotItem, ProbeFact } from '../../src/fleet/node.ts'
import type { FleetRow } from '../../src/fleet/pool.ts'
import type { FleetStore } from '../../src/fleet/ports.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import { probeRoutes, probeSpreadMs } from '../../src/schedules/probe-routes.ts'
import { aBeat, aNode, aSteadiness } from '../adapters/dynamodb/facts.ts'

const startMs = 1_000_000_000

/** A node that answers probes at the host name of its id. */
function aMember(changes: Partial<HotItem> = {}) {
  const signer = makeSigner(generatePrivateKey())
  const nodeId = nodeIdOf(signer.publicKey)
  const url = `https://${nodeId.replace('_', '-')}.example`
  const node = aNode({
    nodeId,
    publicKey: signer.publicKey,
    route: { kind: 'direct', url, epoch: 3 },
  })
  const hot: HotItem = {
    ...aBeat(nodeId),
    isRevoked: false,
    probe: undefined,
    disabledProfiles: [],
    breakers: {},
    liveness: 'fresh',
    ...changes,
  }
  const row: FleetRow = { node: { ...node, status: 'active' }, hot, profiles: [] }
  const answer = (nonce: string) => {
    const signed = { nonce, node_id: nodeId, route_epoch: 3, at_ms: startMs }
    return { ...signed, signature: signer.sign('b3iq:route-probe:v1', signed) }
  }
  return { row, nodeId, url, answer }
}
type Member = ReturnType<typeof aMember>
type Recorded = Parameters<FleetStore['recordProbe']>[0]

/** One pass over these members by a clock that moves only when somebody waits. */
async function pass(
  members: readonly Member[],
  {
    spreadMs = 0,
    dial = genuine(members),
  }: { spreadMs?: number; dial?: (order: DialOrder) => Promise<DialOutcome> } = {},
) {
  let nowMs = startMs
  const dialled: { readonly url: string; readonly atMs: number }[] = []
  const recorded: Recorded[] = []
  const get = async (order: Omit<DialOrder, 'body'>) => {
    dialled.push({ url: new URL(order.url).origin, atMs: nowMs - startMs })
    return dial({ ...order, body: Buffer.alloc(0) })
  }
  const report = await probeRoutes({
    fleet: {
      async *rows() {
        for (const { row } of members) yield row
      },
      recordProbe: async (probe) => void recorded.push(probe),
    },
    dialer: { get, post: () => Promise.reject(new Error('probes only get')) },
    ids,
    nowMs: () => nowMs,
    sleep: async (durationMs) => {
      nowMs += durationMs
    },
    spreadMs,
  })
  return { report, dialled, recorded }
}

const genuine =
  (members: readonly Member[]) =>
  async ({ url }: DialOrder): Promise<DialOutcome> => {
    const { origin, searchParams } = new URL(url)
    const member = members.find((one) => one.url === origin)
    const reply = member?.answer(searchParams.get('nonce') ?? '')
    async function* body() {
      yield Buffer.from(JSON.stringify(reply))
    }
    return { kind: 'answered', status: 200, headers: {}, body: body() }
  }
const dead = async (): Promise<DialOutcome> => ({ kind: 'failed', reason: 'connection_failed' })

describe('the minute', () => {
  test('is shared: each node has its own place in it, the same in every pass', async () => {
    const members = Array.from({ length: 60 }, () => aMember())
    const first = await pass(members, { spreadMs: probeSpreadMs })
    const second = await pass(members.toReversed(), { spreadMs: probeSpreadMs })
    expect(second.dialled).toEqual(first.dialled)
    const times = first.dialled.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((one, other) => one - other))
    expect(times.at(-1)).toBeLessThan(probeSpreadMs)
    for (const third of [0, 15_000, 30_000]) {
      const begun = times.filter((atMs) => atMs >= third && atMs < third + 15_000)
      expect(begun.length).toBeGreaterThan(5)
    }
  })

  test('is not overrun: who is not reached in time is left for the next pass', async () => {
    const members = Array.from({ length: 20 }, () => aMember())
    const { report, dialled } = await pass(members, { spreadMs: 106_000 })
    expect(report.probed + report.left).toBe(20)
    expect(report.left).toBeGreaterThan(0)
    expect(dialled.every(({ atMs }) => atMs <= 53_000)).toBe(true)
  })

  test('sees 128 probes at once and no more', async () => {
    const members = Array.from({ length: 200 }, () => aMember())
    let begun = 0
    let running = 0
    let most = 0
    const waiting: (() => void)[] = []
    // They go on when 128 run; whatever else may begin has begun by the next turn.
    const slow = async () => {
      begun += 1
      running += 1
      most = Math.max(most, running)
      const released = new Promise<void>((resolve) => waiting.push(resolve))
      if (running >= 128 || begun === members.length) {
        setImmediate(() => {
          for (const go of waiting.splice(0)) go()
        })
      }
      await released
      running -= 1
      return dead()
    }
    expect((await pass(members, { dial: slow })).report).toEqual({ probed: 200, good: 0, left: 0 })
    expect(most).toBe(128)
  })
})

describe('each probe', () => {
  test('has three seconds, and names the key that the route registered', async () => {
    const member = aMember()
    const certificateKeySha256 = 'c'.repeat(64)
    const route = { ...member.row.node.route, kind: 'direct', certificateKeySha256 } as const
    const pinned = { ...member, row: { ...member.row, node: { ...member.row.node, route } } }
    const orders: DialOrder[] = []
    await pass([pinned], {
      dial: (order) => {
        orders.push(order)
        return dead()
      },
    })
    expect(orders).toMatchObject([
      { certificateKeySha256, connectTimeoutMs: 3_000, headersTimeoutMs: 3_000 },
    ])
  })
})

describe('what is probed and what is written', () => {
  const ago = (okAgoMs: number, failures = 0, epoch = 3): ProbeFact => ({
    okAtMs: startMs - okAgoMs,
    failures,
    epoch,
  })
  const returnedAtMs = startMs - 5_000

  test.each([
    ['never probed', undefined, 'good', 'probed, written'],
    ['never probed, and dead', undefined, 'bad', 'probed, written'],
    ['known good for long', ago(60_000), 'good', 'probed, written'],
    ['known good for 50 s', ago(50_000), 'good', 'probed, written'],
    ['known good from just now, as after a served request', ago(49_999), 'good', 'left alone'],
    ['known good once, and dead', ago(60_000), 'bad', 'probed, written'],
    ['failed once, and well again', ago(70_000, 1), 'good', 'probed, written'],
    ['failed once just now, and well again', ago(10_000, 1), 'good', 'probed, written'],
    ['failed once, and again', ago(70_000, 1), 'bad', 'probed, written'],
    ['known to be down', ago(900_000, 2), 'bad', 'probed'],
    ['known to be down for very long', ago(900_000, 7), 'bad', 'probed'],
    ['known to be down, and well again', ago(900_000, 2), 'good', 'probed, written'],
    ['known by an older route', ago(1_000, 0, 2), 'good', 'probed, written'],
    ['known to be down by an older route', ago(900_000, 2, 2), 'bad', 'probed, written'],
  ] as const)('%s', async (_, probe, outcome, expected) => {
    const member = aMember({ probe })
    const dial = outcome === 'good' ? genuine([member]) : dead
    const { dialled, recorded } = await pass([member], { dial })
    const did = [dialled.length > 0 && 'probed', recorded.length > 0 && 'written'].filter(Boolean)
    expect(did.join(', ') || 'left alone').toBe(expected)
    for (const { epoch, isGood } of recorded) {
      expect({ epoch, isGood }).toEqual({ epoch: 3, isGood: outcome === 'good' })
    }
  })

  test('a proof from before a silence is none: who came back is probed again', async () => {
    const steadiness = aSteadiness({ returnedAtMs })
    const member = aMember({ probe: ago(6_000), steadiness })
    expect((await pass([member])).recorded).toHaveLength(1)
    const since = aMember({ probe: ago(4_000), steadiness })
    expect((await pass([since])).recorded).toHaveLength(0)
  })

  test('whoever is offline is left alone until it beats', async () => {
    expect((await pass([aMember({ liveness: 'offline' })])).report).toMatchObject({ probed: 0 })
    expect((await pass([aMember({ liveness: 'stale' })])).report).toMatchObject({ probed: 1 })
  })
})
