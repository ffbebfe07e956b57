/**
 * One cell: one workload, one way to choose, so many gateways. A gateway knows the pool as the last pass
 * published it, from what hosts said at their last beat, and keeps it for five seconds: what it knows of
 * a host's load is up to 35 seconds old. A host without a free slot says so at once.
 */
import type { Candidate } from '../../src/fleet/pool.ts'
import { quantile } from '../../src/protocol/quantile.ts'
import { type EventHeap, makeEventHeap } from '../../test/sim/engine/event-heap.ts'
import { makeStream, type Stream } from '../../test/sim/engine/random.ts'
import { makeHosts, type SimHost } from './hosts.ts'
import { tokensOf } from './prefix-cache.ts'
import { type Pool, type Rival, type RivalName, rivals } from './rivals.ts'
import { type Asked, type Conversation, type WorkloadName, workloads } from './workloads.ts'

export type Cell = {
  readonly workload: WorkloadName
  readonly rival: RivalName
  readonly gateways: number
  readonly seed: number
  readonly durationMs: number
  /** 1 is the workload's own rate. */
  readonly load?: number
  /** How many times fifty hosts; as many times the requests come. */
  readonly fleets?: number
}

export type Outcome = {
  /** Prompt tokens that a host had read before, of all. */
  readonly hitShare: number
  readonly firstContentP50Ms: number
  readonly firstContentP99Ms: number
  /** Taken slots of the busiest host over those of the mean one, each as a share of its own. */
  readonly hottest: number
  readonly refusedShare: number
}

const beatEveryMs = 15_000
const passEveryMs = 15_000
const poolFreshMs = 5_000
const hostsPerShard = 28
/** To a host and back with a refusal, and from a host's first content to the customer. */
const roundTripMs = 40
/** Of the run, in which caches fill and nothing is counted. */
const warmUp = 0.25

export function simulate(cell: Cell): Outcome {
  const { load = 1, fleets = 1 } = cell
  const streamOf = (name: string) => makeStream(cell.seed, name)
  const clock = makeClock()
  const hosts = makeHosts(streamOf('hosts'), fleets)
  const seen = publishing(hosts, clock, streamOf('beats'))
  const gateways = Array.from({ length: cell.gateways }, (_, index) =>
    makeGateway(seen, rivals[cell.rival](streamOf(`gateway ${index}`))),
  )
  const tally = makeTally(hosts, warmUp * cell.durationMs)
  const workload = workloads[cell.workload](streamOf('tenants'))
  const byNode = new Map(hosts.map((host) => [host.candidate.nodeId, host]))
  const dice = streamOf('arrivals')

  const ask = (asked: Asked, conversation: Conversation): void => {
    const gateway = gateways[dice.below(gateways.length)]
    const askedAtMs = clock.nowMs()
    const order = gateway?.(askedAtMs, asked) ?? []
    const tryFrom = (place: number): void => {
      const candidate = order[place]
      const host = candidate && byNode.get(candidate.nodeId)
      if (!host) {
        tally.refused(askedAtMs)
        return
      }
      const admitted = host.admit(asked, clock.nowMs())
      if (!admitted) {
        clock.at(clock.nowMs() + roundTripMs, () => tryFrom(place + 1))
        return
      }
      tally.served(host, { asked, askedAtMs, startedAtMs: clock.nowMs(), ...admitted })
      clock.at(admitted.endsAtMs, () => {
        host.release()
        const next = conversation.next(asked)
        if (next) clock.at(clock.nowMs() + next.afterMs, () => ask(next.asked, conversation))
      })
    }
    clock.at(askedAtMs + roundTripMs / 2, () => tryFrom(0))
  }

  const gapMs = 1000 / (workload.perSecond * load * fleets)
  const arrive = (index: number): void => {
    const conversation = workload.open(index)
    ask(conversation.first, conversation)
    clock.at(clock.nowMs() - Math.log(1 - dice.unit()) * gapMs, () => arrive(index + 1))
  }
  clock.at(0, () => arrive(0))
  clock.runUntil(cell.durationMs)
  return tally.outcome(cell.durationMs)
}

type Clock = {
  readonly nowMs: () => number
  readonly at: (atMs: number, run: () => void) => void
  readonly runUntil: (atMs: number) => void
}

function makeClock(): Clock {
  const events: EventHeap = makeEventHeap()
  let nowMs = 0
  let order = 0
  return {
    nowMs: () => nowMs,
    at: (atMs, run) => {
      order += 1
      events.push({ atUs: atMs * 1000, order, actor: undefined, run })
    },
    runUntil: (untilMs) => {
      for (let event = events.pop(); event; event = events.pop()) {
        nowMs = event.atUs / 1000
        if (nowMs > untilMs) return
        event.run?.()
      }
    },
  }
}

/** The pool as it was published last. */
function publishing(hosts: readonly SimHost[], clock: Clock, stream: Stream): () => Pool {
  const told = new Map<SimHost, number>()
  for (const host of hosts) {
    const beat = (): void => {
      told.set(host, Math.round((1 - host.used() / host.slots) * 100) / 100)
      clock.at(clock.nowMs() + beatEveryMs, beat)
    }
    clock.at(stream.unit() * beatEveryMs, beat)
  }
  let pool: Pool = { all: [], shards: [] }
  const pass = (): void => {
    const all: Candidate[] = hosts.map((host) => {
      const headroom = told.get(host)
      return headroom === undefined ? host.candidate : { ...host.candidate, headroom }
    })
    const shards = Array.from({ length: Math.ceil(all.length / hostsPerShard) }, (_, index) =>
      all.slice(index * hostsPerShard, (index + 1) * hostsPerShard),
    )
    pool = { all, shards }
    clock.at(clock.nowMs() + passEveryMs, pass)
  }
  pass()
  return () => pool
}

function makeGateway(seen: () => Pool, rival: Rival) {
  let pool: Pool | undefined
  let untilMs = 0
  return (nowMs: number, { affinity }: Asked): readonly Candidate[] => {
    if (pool === undefined || nowMs >= untilMs) {
      pool = seen()
      untilMs = nowMs + poolFreshMs
    }
    return rival(pool, affinity)
  }
}

type ServedRequest = {
  readonly asked: Asked
  readonly askedAtMs: number
  readonly startedAtMs: number
  readonly cachedTokens: number
  readonly firstContentAtMs: number
  readonly endsAtMs: number
}

function makeTally(hosts: readonly SimHost[], fromMs: number) {
  const takenMs = new Map(hosts.map((host) => [host, 0]))
  const waitsMs: number[] = []
  let promptTokens = 0
  let cachedTokens = 0
  let refused = 0
  return {
    refused: (askedAtMs: number) => {
      if (askedAtMs >= fromMs) refused += 1
    },
    served: (host: SimHost, one: ServedRequest) => {
      if (one.askedAtMs < fromMs) return
      takenMs.set(host, (takenMs.get(host) ?? 0) + one.endsAtMs - one.startedAtMs)
      waitsMs.push(one.firstContentAtMs - one.askedAtMs + roundTripMs / 2)
      promptTokens += tokensOf(one.asked.prompt)
      cachedTokens += one.cachedTokens
    },
    outcome: (untilMs: number): Outcome => {
      const shares = [...takenMs].map(([{ slots }, ms]) => ms / slots / (untilMs - fromMs))
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
      return {
        hitShare: cachedTokens / promptTokens,
        firstContentP50Ms: quantile(waitsMs, 0.5) ?? 0,
        firstContentP99Ms: quantile(waitsMs, 0.99) ?? 0,
        hottest: Math.max(...shares) / mean,
        refusedShare: refused / (waitsMs.length + refused),
      }
    },
  }
}
