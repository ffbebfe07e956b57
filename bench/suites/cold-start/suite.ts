/** What a cold start of the gateway reads, compiles and runs, and when its first answers come. */
import { allBundles } from '../../../infra/constructs/bundle-files.ts'
import { inRounds, spreadOf } from '../../harness/rounds.ts'
import type { Suite, SuiteContext, SuiteReport } from '../../harness/suite.ts'
import { deployedGateway } from '../../stage/deployed-gateway.ts'
import { type BenchStage, openBenchStage } from '../../stage/open-stage.ts'
import { firstAnswers } from './first-answers.ts'
import { bundleAt, type Loaded, loadTime, nodeParts } from './import-time.ts'
import { answersTable, bundlesTable, consistsSvg, importTable, inputsTable } from './report.ts'

const entry = 'functions/gateway/server.ts'
const model = 'bench/words-8'
const importRounds = 21
const processes = 9

export const suite: Suite = {
  name: 'cold-start',
  title: 'What a start of the gateway loads, how long that takes, and when its first answers come',
  run: async (context) => {
    context.progress('bundles')
    const bundles = allBundles()
    const start = bundles.get(entry)?.start
    if (start === undefined) throw new Error(`${entry} was not bundled`)
    const stage = await openBenchStage({ models: [model], customers: 1 })
    try {
      const loaded = await importTimes(stage, context)
      return {
        tables: [
          bundlesTable(bundles),
          inputsTable(start),
          importTable(loaded),
          answersTable(await answers(stage, context)),
        ],
        figures: { bundle: start.bytes / 1000, importTime: addedMs(loaded) },
        plots: { 'cold-start': consistsSvg(start) },
        notes,
        skipped: [],
      }
    } finally {
      await stage.close()
    }
  },
}

const notes: SuiteReport['notes'] = [
  'Every import and every first answer is of a process of its own, started in turn with what it is compared with.',
  'The bundle is loaded with the environment of a gateway, whose start goes on meanwhile and is not waited for.',
  'Node itself loads its HTTP, TLS and cryptography, and undici behind the first use of Request; no bundle can be without them.',
  'Node’s compile cache is off, as on Lambda, where a fresh environment has none.',
]

const emptyName = 'an empty module'
const bundleName = 'the gateway’s bundle'

async function importTimes(
  stage: BenchStage,
  { progress, signal }: SuiteContext,
): Promise<ReadonlyMap<string, readonly Loaded[]>> {
  progress(`${importRounds} imports of each`)
  const env = { ...(await stage.environment('embedded')), PORT: '0' }
  return inRounds(
    {
      [emptyName]: () => loadTime('', env, signal),
      'Node’s own parts': () => loadTime(nodeParts, env, signal),
      [bundleName]: () => loadTime(bundleAt(deployedGateway()), env, signal),
    },
    { rounds: importRounds, signal },
  )
}

/** Round by round, because what slowed one slowed the other. */
function addedMs(loaded: ReadonlyMap<string, readonly Loaded[]>): number {
  const empty = loaded.get(emptyName) ?? []
  const bundle = loaded.get(bundleName) ?? []
  const added = bundle.map(({ wallMs }, round) => wallMs - (empty[round]?.wallMs ?? Number.NaN))
  return spreadOf(added).median
}

async function answers(stage: BenchStage, { progress, signal }: SuiteContext) {
  progress(`first answers of ${processes} processes`)
  const measured = await inRounds(
    { gateway: () => firstAnswers(stage, model, signal) },
    { rounds: processes, signal },
  )
  return measured.get('gateway') ?? []
}
