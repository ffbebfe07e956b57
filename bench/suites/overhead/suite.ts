/** What our gateway adds to a host's own answer, with everything on, and where that time goes. */
import type { Suite, SuiteContext, SuiteReport } from '../../harness/suite.ts'
import { type Load, startLoad } from '../../stage/load.ts'
import type { LoadReport } from '../../stage/load-order.ts'
import { type BenchStage, openBenchStage } from '../../stage/open-stage.ts'
import { chatBody } from '../../stage/prompt.ts'
import { startGateway } from '../../stage/start-gateway.ts'
import { type Added, type Cell, measureAdded, type Target } from './added-time.ts'
import {
  addedSvg,
  addedTable,
  type Profiled,
  processesTable,
  processorSvg,
  processorTable,
  waitsSvg,
  waitsTable,
} from './report.ts'
import { startWatched, type Watched } from './start-watched.ts'
import { measureWaits, type Waits } from './waits.ts'
import type { Caches } from './watched-orders.ts'

const model = 'bench/words-8'
/** A wallet has at most 64 holds open, and so few at once that it stays as small as most are. */
const customers = 16
const rounds = 5
const cells: readonly Cell[] = [true, false].flatMap((isStream) =>
  [1, 8, 32, 128].map((concurrency) => ({
    ...{ isStream, concurrency },
    ms: concurrency === 1 ? 1_800 : 900,
  })),
)
const waitMs = 1_200
const waitRounds = 4
const profileMs = 5_000

export const suite: Suite = {
  name: 'overhead',
  title: 'What the gateway adds to a host’s own answer: hold, receipt and settlement included',
  run: async (context) => {
    const stage = await openBenchStage({ models: [model], customers })
    const load = await startLoad()
    try {
      return await measure(context, stage, load)
    } finally {
      await load.stop()
      await stage.close()
    }
  },
}

async function measure(
  { progress, signal }: SuiteContext,
  stage: BenchStage,
  load: Load,
): Promise<SuiteReport> {
  const direct: Target = { url: `${stage.host.url}/v1/chat/completions`, headers: [{}] }
  progress('added time')
  const added = await addedTime(stage, { load, direct, signal })
  progress('waits by step, processor time')
  const { waits, profiled } = await watchedTime(stage, { load, direct, signal })
  const alone = added.find(({ isStream, concurrency }) => isStream && concurrency === 1)
  if (alone === undefined) throw new Error('one stream at a time was not measured')
  return {
    tables: [
      addedTable(added),
      waitsTable(waits),
      processorTable(profiled),
      processesTable(profiled),
    ],
    figures: { firstContentP50: alone.firstP50.median, firstContentP99: alone.firstP99.median },
    plots: {
      'added-time': addedSvg(added),
      waits: waitsSvg(waits),
      'processor-time': processorSvg(profiled),
    },
    notes: [
      `An answer has 8 words, a prompt 2 KB; ${customers} customers, each with every limit; receipts, settlement and the line of metrics are on.`,
      'The gateway is the deployed bundle; database, host, gateway and load generator share the machine.',
      'Waits and processor time are those of the same parts from source, with every wait timed. Stale caches are kept for 0 ms: key, account, pool and incidents are read anew for each request, as in an environment of classic Lambda that was idle for longer than five seconds; its connections and its compiled code stay.',
      'The host’s words are read and parsed while they are waited for: that time is in both tables.',
    ],
    skipped: [],
  }
}

type On = { readonly load: Load; readonly direct: Target; readonly signal: AbortSignal }

async function addedTime(stage: BenchStage, on: On): Promise<readonly Added[]> {
  const gateway = await startGateway(await stage.environment('embedded'))
  try {
    const target = { url: `${gateway.url}/v1/chat/completions`, headers: stage.headers }
    const bodyOf = (isStream: boolean) => chatBody(model, isStream)
    return await measureAdded({ ...on, gateway: target }, { ...on, cells, bodyOf, rounds })
  } finally {
    await gateway.stop()
  }
}

async function watchedTime(
  stage: BenchStage,
  on: On,
): Promise<{ readonly waits: Readonly<Record<Caches, Waits>>; readonly profiled: Profiled }> {
  const warm = await startWatched(stage, 'warm')
  try {
    const stale = await startWatched(stage, 'stale')
    try {
      const waits = await waitsOf(on, { warm, stale })
      return { waits, profiled: await profileOf(on, stage, warm) }
    } finally {
      await stale.stop()
    }
  } finally {
    await warm.stop()
  }
}

function waitsOf({ load, direct, signal }: On, { warm, stale }: Record<Caches, Watched>) {
  const body = chatBody(model, true)
  const ask = (target: Target, ms: number): Promise<LoadReport> =>
    load.run({ ...target, body, isStream: true, concurrency: 1, until: { ms } })
  const timed = (watched: Watched) => async () => {
    await watched.takeSteps()
    const report = await ask(watched.target, waitMs)
    return { report, byStep: await watched.takeSteps() }
  }
  return measureWaits(
    { direct: () => ask(direct, waitMs / 3), warm: timed(warm), stale: timed(stale) },
    { rounds: waitRounds, signal },
  )
}

async function profileOf(
  { load, direct }: On,
  { host }: BenchStage,
  watched: Watched,
): Promise<Profiled> {
  const body = chatBody(model, false)
  const ask = (target: Target, ms: number) =>
    load.run({ ...target, body, isStream: false, concurrency: 16, until: { ms } })
  // Code is compiled as it is used, and it takes thousands of requests until all of it is.
  await ask(watched.target, profileMs)
  await watched.beginProfile()
  const before = { gateway: await watched.usage(), host: await host.usage() }
  const { requests, cpuMs: loadMs } = await ask(watched.target, profileMs)
  const after = { gateway: await watched.usage(), host: await host.usage() }
  const shares = await watched.takeProfile()
  const plain = await ask(direct, profileMs / 5)
  const afterPlain = await host.usage()
  const each = (of: keyof typeof before) => (after[of].cpuMs - before[of].cpuMs) / requests
  return {
    shares,
    gatewayMs: each('gateway'),
    hostMs: each('host'),
    hostAloneMs: (afterPlain.cpuMs - after.host.cpuMs) / plain.requests,
    loadMs: loadMs / requests,
  }
}
