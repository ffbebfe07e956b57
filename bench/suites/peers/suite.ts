/** Our gateway beside others: the same host behind them, the same load before them, in the same minutes. */
import { inRounds } from '../../harness/rounds.ts'
import type { Suite, SuiteContext, SuiteReport } from '../../harness/suite.ts'
import { type Load, startLoad } from '../../stage/load.ts'
import { type BenchStage, openBenchStage } from '../../stage/open-stage.ts'
import { chatBody } from '../../stage/prompt.ts'
import {
  type Check,
  type CountingUpstream,
  checkForwarding,
  startCountingUpstream,
} from './forwarding.ts'
import { chatUrl, type Gateways, startGateways } from './gateways.ts'
import { figuresOf, type Measured, names, plotsOf, tableOf } from './report.ts'
import { runTrial, type Shape, type Variant, warmUp } from './trial.ts'

const model = 'bench/words-8'
const customers = 16

/** What the figures are of. */
const main: Shape = { isStream: false, concurrency: 16, rounds: 5, warmUps: 0, ms: 2_000 }
/** A stream is other code, and has to become warm again. */
const others: readonly Shape[] = [
  { isStream: false, concurrency: 1, rounds: 3, warmUps: 0, ms: 1_500 },
  { isStream: false, concurrency: 64, rounds: 3, warmUps: 0, ms: 1_500 },
  { isStream: true, concurrency: 16, rounds: 3, warmUps: 1, ms: 2_000 },
]

export const suite: Suite = {
  name: 'peers',
  title: 'Requests a second, waits, memory and CPU beside other gateways, which bill nothing',
  run: async (context) => {
    const stage = await openBenchStage({ models: [model], customers })
    const load = await startLoad()
    const counting = await startCountingUpstream('counted/words-8')
    try {
      context.progress('gateways start')
      const measured = { model, url: stage.host.url }
      const gateways = await startGateways(stage, { measured, counting })
      try {
        return await measureAll(context, { stage, load, gateways, counting })
      } finally {
        await gateways.stop()
      }
    } finally {
      await counting.stop()
      await load.stop()
      await stage.close()
    }
  },
}

type On = {
  readonly stage: BenchStage
  readonly load: Load
  readonly gateways: Gateways
  readonly counting: CountingUpstream
}

async function measureAll(
  { progress, signal }: SuiteContext,
  { stage, load, gateways, counting }: On,
): Promise<SuiteReport> {
  const { running, skipped } = gateways
  const peers = running.flatMap(({ name, peer }) => (peer ? [{ name, ...peer }] : []))
  const checks: Check[] = []
  for (const peer of peers) checks.push(await checkForwarding(load, peer, counting))

  const measure = async (shape: Shape, variants: Variants): Promise<Measured> => {
    const { isStream, concurrency, rounds, warmUps } = shape
    progress(`${concurrency} at once, ${isStream ? 'streamed' : 'whole'}`)
    const body = chatBody(model, isStream)
    const trials = variants.map(([name, variant]) => {
      return [name, () => runTrial(load, variant, { shape, body })] as const
    })
    const measured = await inRounds(Object.fromEntries(trials), { rounds, warmUps, signal })
    return { shape, trials: measured }
  }
  const variants = running.map(({ name, variant }) => [name, variant] as const)
  progress('warm-up')
  const { concurrency } = main
  const body = chatBody(model, main.isStream)
  for (const [, variant] of variants) await warmUp(load, variant, { body, concurrency, signal })
  const host: Variant = { url: chatUrl(stage.host.url), headers: [{}], usage: undefined }
  const first = await measure(main, [...variants, [names.none, host]])
  const rest: Measured[] = []
  for (const shape of others) rest.push(await measure(shape, variants))
  return {
    tables: [tableOf(first, await peaksOf(variants)), ...rest.map((one) => tableOf(one))],
    figures: figuresOf(first),
    checks,
    plots: plotsOf(first),
    notes: [...notes, ...peers.map(({ told }) => told)],
    skipped,
  }
}

type Variants = readonly (readonly [name: string, variant: Variant])[]

/** The most memory that each had, in KB. */
async function peaksOf(variants: Variants): Promise<ReadonlyMap<string, number>> {
  const peaks = new Map<string, number>()
  for (const [name, { usage }] of variants) {
    if (usage) peaks.set(name, (await usage()).peakKb)
  }
  return peaks
}

const notes = [
  `B3IQ is the deployed bundle with everything on: key, limits, hold, ticket and claim of the host, receipt, settlement, the line of metrics; ${customers} customers.`,
  'The canned database answers at once and forgets, which leaves the gateway’s own cost; the embedded one is the engine, on the same cores. Never compare one row’s CPU with the other row’s rate.',
  'CPU and memory are those of the gateway’s one process; memory is the most that it had in the whole suite. Database, host and load generator share the machine’s cores with them.',
  'A request has a prompt of 2 KB and an answer of 8 words, which are all there at once.',
]
