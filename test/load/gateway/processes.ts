/** The processes of a load run: hosts, gateways, clients, and beside them the schedules that requests wait for. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { composeSchedule } from '../../../functions/compose/schedules.ts'
import { freePort } from '../../support/embedded-dynamodb.ts'
import { type Fault, planFaults } from './fault-plan.ts'
import {
  ClientMessage,
  type ClientsSetup,
  HeapMessage,
  HostMessage,
  type HostsSetup,
  type Reply,
  setupKey,
} from './messages.ts'
import type { GatewayLoad } from './run.ts'
import { soldModelId } from './sold-model.ts'
import type { FundedCustomer, LoadStage } from './stage.ts'
import { startWatched, type WatchedProcess } from './watched-process.ts'

type Starting = {
  readonly load: GatewayLoad
  readonly stage: LoadStage
  /** Takes each process as soon as it runs, so that whatever fails later can end it. */
  readonly started: (process: WatchedProcess) => void
}

const hostsPerProcess = 6
const beatEveryMs = 5_000
/** As often as a laptop does, or less: two cores have to carry it all. */
const schedulesEveryMs = [
  ['probe-routes', 8_000],
  ['recompute-eligibility', 4_000],
] as const

const nearby = (file: string) => join(import.meta.dirname, file)
const ready = '{"ready":true}'

export async function startHosts({ load, stage, started }: Starting) {
  const { tables, endpoint } = stage.database
  const planned = planFaults({
    seed: load.seed,
    hosts: load.hosts,
    durationMs: load.durationMs,
    everyMs: load.faultsEveryMs,
    scale: load.faultScale,
  })
  // Half of the hosts can carry all streams.
  const slots = Math.max(4, Math.ceil((load.streams * 2) / load.hosts))
  const faults: Fault[] = []
  let failing = 0
  const enrolling: Promise<void>[] = []
  const onMessage = (said: unknown) => {
    const message = HostMessage.parse(said)
    switch (message.kind) {
      case 'listening':
        enrolling.push(stage.enrol(message, slots))
        return
      case 'failing':
        faults.push(message.fault)
        failing += 1
        return
      case 'back':
        failing -= 1
        return
    }
  }
  const processes: WatchedProcess[] = []
  for (let first = 0; first < load.hosts; first += hostsPerProcess) {
    const count = Math.min(hostsPerProcess, load.hosts - first)
    const setup: HostsSetup = {
      stage: stage.name,
      rootPublicKeys: stage.rootPublicKeys,
      tables,
      endpoint,
      hosts: Array.from({ length: count }, (_, at) => first + at),
      slots,
      tokenDelayMs: load.tokenDelayMs,
      beatEveryMs,
      faults: planned.filter(({ host }) => host >= first && host < first + count),
    }
    const process = await startWatched({
      name: `hosts ${first} to ${first + count - 1}`,
      file: nearby('host-process.ts'),
      env: { [setupKey]: JSON.stringify(setup) },
      readyLine: ready,
      onMessage,
    })
    started(process)
    processes.push(process)
  }
  await Promise.all(enrolling)
  return { processes, faults: (): readonly Fault[] => faults, failing: () => failing }
}

type Measured = { readonly atMs: number; readonly mb: number }
type Gateway = {
  readonly process: WatchedProcess
  readonly url: string
  /** After collections, by the wall clock. */
  readonly heap: readonly Measured[]
}

export async function startGateways({ load, stage, started }: Starting) {
  const gateways: Gateway[] = []
  for (let place = 0; place < load.processes; place += 1) {
    const port = await freePort()
    const heap: Measured[] = []
    const process = await startWatched({
      name: `gateway ${place}`,
      flags: ['--expose-gc', '--import', nearby('heap-probe.ts')],
      onMessage: (said) => {
        heap.push({ atMs: Date.now(), mb: HeapMessage.parse(said).mb })
      },
      file: nearby('../../../functions/gateway/server.ts'),
      env: { ...stage.env, PORT: String(port) },
      readyLine: 'gateway_ready',
    })
    started(process)
    gateways.push({ process, heap, url: `http://127.0.0.1:${port}` })
  }
  return gateways
}

export async function startClients(
  { load, started }: Starting,
  gatewayUrls: readonly string[],
  customers: readonly FundedCustomer[],
) {
  const replies: Reply[] = []
  const cancels = new Map<string, number>()
  let running = load.streams
  const onMessage = (said: unknown) => {
    const message = ClientMessage.parse(said)
    switch (message.kind) {
      case 'reply':
        replies.push(message.reply)
        return
      case 'cancel':
        cancels.set(message.answer, (cancels.get(message.answer) ?? 0) + 1)
        return
      case 'running':
        running = message.streams
        return
    }
  }
  const { seed, streams, tokensLeast, tokensMost, pauseMs } = load
  const told = customers.map(({ accountId, token, kind }) => ({ accountId, token, kind }))
  const setup: ClientsSetup = {
    seed,
    streams,
    tokensLeast,
    tokensMost,
    pauseMs,
    gatewayUrls: [...gatewayUrls],
    model: soldModelId,
    customers: told.filter(({ kind }) => kind === 'plain'),
    limited: told.filter(({ kind }) => kind !== 'plain'),
  }
  const process = await startWatched({
    name: 'clients',
    file: nearby('client-process.ts'),
    env: { [setupKey]: JSON.stringify(setup) },
    readyLine: ready,
    onMessage,
  })
  started(process)
  return {
    process,
    replies: (): readonly Reply[] => replies,
    cancels: (): ReadonlyMap<string, number> => cancels,
    running: () => running,
  }
}

/** The first pass of each is over when this resolves: the pool is there. They run until `ended`. */
export async function startSchedules({ stage }: Pick<Starting, 'stage'>, ended: AbortSignal) {
  const complaints: string[] = []
  const repeat = async (run: () => Promise<object>, name: string, everyMs: number) => {
    while (!ended.aborted) {
      await delay(everyMs, undefined, { signal: ended }).catch(() => undefined)
      if (ended.aborted) return
      await run().catch((error: unknown) => void complaints.push(`${name}: ${String(error)}`))
    }
  }
  const loops: Promise<void>[] = []
  for (const [name, everyMs] of schedulesEveryMs) {
    const run = await composeSchedule(stage.env, name)
    await run()
    loops.push(repeat(run, name, everyMs))
  }
  return { complaints: (): readonly string[] => complaints, over: () => Promise.all(loops) }
}
