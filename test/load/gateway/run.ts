/**
 * A load on the gateway as it is deployed on a laptop: several gateway processes over one embedded database,
 * hosts that die by a plan, and clients that read, leave, cancel and repeat. Afterwards every promise
 * about money and replies is checked.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Books, openWallets, readBooks } from './books.ts'
import type { Fault } from './fault-plan.ts'
import { judgeBooks, judgeRepetitions, judgeReply, type Violation } from './judge.ts'
import type { Reply } from './messages.ts'
import { startClients, startGateways, startHosts, startSchedules } from './processes.ts'
import { type Point, residentMb } from './samples.ts'
import { type FundedCustomer, openLoadStage } from './stage.ts'
import type { WatchedProcess } from './watched-process.ts'

export type GatewayLoad = {
  readonly seed: number
  readonly streams: number
  readonly durationMs: number
  readonly processes: number
  readonly hosts: number
  readonly tokenDelayMs: number
  readonly tokensLeast: number
  readonly tokensMost: number
  readonly pauseMs: number
  readonly faultsEveryMs: number
  readonly faultScale: number
  readonly sampleEveryMs: number
}

/** What happened, before anything is counted. */
export type LoadRecord = {
  readonly startedAtMs: number
  /** When the clients were told to stop. */
  readonly stoppedAtMs: number
  readonly replies: readonly Reply[]
  readonly cancels: ReadonlyMap<string, number>
  readonly faults: readonly Fault[]
  readonly memory: readonly {
    readonly name: string
    /** Resident. */
    readonly points: readonly Point[]
    /** What is left of the heap after collections. */
    readonly heap: readonly Point[]
  }[]
  readonly openHolds: readonly Point[]
  readonly hosts: { readonly failing: readonly Point[]; readonly shutOut: readonly Point[] }
  /** Open when the last reply had ended, and a deadline later. */
  readonly holdsLeft: { readonly atEnd: number; readonly afterDeadline: number }
  /** Streams that were still read when nobody waited for them any more. */
  readonly unended: number
  /** Lines of the gateways' logs, by event. */
  readonly logged: ReadonlyMap<string, number>
  readonly books: Books
  readonly violations: readonly Violation[]
}

export type Progress = {
  readonly elapsedMs: number
  readonly running: number
  readonly ended: number
  readonly hostsFailing: number
  readonly hostsShutOut: number
  readonly openHolds: number
  readonly memoryMb: readonly number[]
}

const customersMax = 40
/** A request lives a minute at most, settling included. */
const drainMsMax = 90_000

type Watch = {
  readonly onProgress?: (progress: Progress) => void
  /** Ends the load early: nothing is judged then. */
  readonly stop?: AbortSignal
}

type LoadStage = Awaited<ReturnType<typeof openLoadStage>>

/**
 * Undefined where `stop` ended it. Throws where a process does not start; everything else that goes
 * wrong is in the record.
 */
export async function runGatewayLoad(
  load: GatewayLoad,
  watch: Watch = {},
): Promise<LoadRecord | undefined> {
  const stage = await openLoadStage()
  const processes: WatchedProcess[] = []
  const started = (process: WatchedProcess) => void processes.push(process)
  const ended = new AbortController()
  const endAll = async () => {
    ended.abort()
    await Promise.all(processes.map((one) => one.stop()))
  }
  try {
    const world = await startWorld({ load, stage, started }, ended.signal)
    const driven = await drive(world, watch).finally(endAll)
    await world.schedules.over()
    if (watch.stop?.aborted) return undefined
    const complaints = [...processes, world.schedules].flatMap((one) => one.complaints())
    return await conclude(world, driven, complaints)
  } catch (error) {
    // Ctrl-C takes the database first: what fails then for want of it says nothing.
    if (watch.stop?.aborted) return undefined
    throw error
  } finally {
    await endAll()
    await stage.close()
  }
}

type World = Awaited<ReturnType<typeof startWorld>>

async function startWorld(starting: Parameters<typeof startHosts>[0], ended: AbortSignal) {
  const { load, stage } = starting
  const hosts = await startHosts(starting)
  const schedules = await startSchedules(starting, ended)
  const gateways = await startGateways(starting)
  const customers = await stage.newCustomers(Math.min(customersMax, load.streams))
  const urls = gateways.map(({ url }) => url)
  const clients = await startClients(starting, urls, customers)
  return { load, stage, hosts, schedules, gateways, customers, clients }
}

type Driven = Pick<
  LoadRecord,
  'startedAtMs' | 'stoppedAtMs' | 'memory' | 'openHolds' | 'hosts' | 'holdsLeft' | 'unended'
>

async function drive(world: World, { onProgress, stop }: Watch): Promise<Driven> {
  const { load, clients } = world
  const startedAtMs = Date.now()
  const samples = makeSamples(world, startedAtMs, onProgress)
  const sampleUntil = async (isOver: () => boolean) => {
    while (!isOver() && !clients.process.hasExited()) {
      await samples.take()
      await delay(load.sampleEveryMs, undefined, { ...(stop && { signal: stop }) }).catch(
        () => undefined,
      )
    }
  }
  for (const process of [...world.hosts.processes, clients.process]) process.order('go')
  await sampleUntil(() => stop?.aborted === true || Date.now() - startedAtMs >= load.durationMs)
  const stoppedAtMs = Date.now()
  if (!clients.process.hasExited()) clients.process.order('stop')
  const isOver = () => clients.running() === 0 || stop?.aborted === true
  await sampleUntil(() => isOver() || Date.now() - stoppedAtMs >= drainMsMax)
  stop?.throwIfAborted()
  const unended = clients.running()
  const holdsLeft = await awaitSettled(world)
  const { openHolds, hosts } = samples
  const memory = samples.memory()
  return { startedAtMs, stoppedAtMs, memory, openHolds, hosts, holdsLeft, unended }
}

function makeSamples(
  { gateways, stage, customers, hosts, clients }: World,
  startedAtMs: number,
  onProgress: Watch['onProgress'],
) {
  const openHolds: Point[] = []
  const failing: Point[] = []
  const shutOut: Point[] = []
  const series = gateways.map(({ process: { name, pid }, heap }) => {
    const points: Point[] = []
    const ofHeap = () => heap.map(({ atMs, mb }) => ({ atMs: atMs - startedAtMs, value: mb }))
    return { name, pid, points, ofHeap }
  })
  return {
    openHolds,
    hosts: { failing, shutOut },
    memory: () => series.map(({ name, points, ofHeap }) => ({ name, points, heap: ofHeap() })),
    take: async () => {
      const [resident, holds, hostsShutOut] = await Promise.all([
        residentMb(series.map(({ pid }) => pid)),
        countHolds(stage, customers),
        stage.shutOut(),
      ])
      const hostsFailing = hosts.failing()
      const atMs = Date.now() - startedAtMs
      for (const { pid, points } of series) {
        const value = resident.get(pid)
        if (value !== undefined) points.push({ atMs, value })
      }
      openHolds.push({ atMs, value: holds })
      failing.push({ atMs, value: hostsFailing })
      shutOut.push({ atMs, value: hostsShutOut })
      onProgress?.({
        elapsedMs: atMs,
        running: clients.running(),
        ended: clients.replies().length,
        hostsFailing,
        hostsShutOut,
        openHolds: holds,
        memoryMb: series.map(({ points }) => points.at(-1)?.value ?? 0),
      })
    },
  }
}

async function countHolds(stage: LoadStage, customers: readonly FundedCustomer[]) {
  const wallets = await openWallets(stage, customers)
  return wallets.reduce((sum, { holds }) => sum + holds.size, 0)
}

/** Who left may have left a request behind that ends by itself, at its deadline at the latest. */
async function awaitSettled({ stage, customers }: World): Promise<LoadRecord['holdsLeft']> {
  const untilMs = Date.now() + stage.deadlineMs
  const atEnd = await countHolds(stage, customers)
  let afterDeadline = atEnd
  while (afterDeadline > 0 && Date.now() < untilMs) {
    await delay(250)
    afterDeadline = await countHolds(stage, customers)
  }
  return { atEnd, afterDeadline }
}

async function conclude(
  { stage, customers, clients, hosts, gateways }: World,
  driven: Driven,
  complaints: readonly string[],
): Promise<LoadRecord> {
  const replies = clients.replies()
  const books = await readBooks(stage, customers)
  const { unended, holdsLeft } = driven
  const violations: Violation[] = [
    ...replies.flatMap((reply) => judgeReply(reply, books.receipts)),
    ...judgeRepetitions(replies, books.receipts),
    ...judgeBooks(books),
    ...complaints.map((detail) => ({ promise: 'no process complains', detail }) as const),
  ]
  if (unended > 0) {
    violations.push({ promise: 'every reply ends', detail: `${unended} streams did not end` })
  }
  if (holdsLeft.afterDeadline > 0) {
    const detail = `${holdsLeft.afterDeadline} were open a deadline after the last reply`
    violations.push({ promise: 'no hold is left', detail })
  }
  const logged = new Map<string, number>()
  for (const [event, count] of gateways.flatMap(({ process }) => [...process.events()])) {
    logged.set(event, (logged.get(event) ?? 0) + count)
  }
  return {
    ...driven,
    replies,
    cancels: clients.cancels(),
    faults: hosts.faults(),
    logged,
    books,
    violations,
  }
}
