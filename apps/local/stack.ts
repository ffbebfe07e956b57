/** Brings the whole product up in the order of its dependencies, and down in the reverse one. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import { artifactFileName } from '../../src/adapters/artifacts/artifact-folder.ts'
import { createTables, localTableNames } from '../../src/adapters/dynamodb/create-tables.ts'
import { ids } from '../../src/adapters/system.ts'
import { newStageSecrets, upgradeStageSecrets } from '../../src/keys/stage-secrets.ts'
import { envKey } from '../../src/names.ts'
import { StatedError } from '../host/stated-error.ts'
import { catalogueEntriesFor } from './catalogue-entry.ts'
import { type Child, type ChildSpec, startChild } from './child.ts'
import { type DataDir, openDataDir, readIfThere, writePrivate } from './data-dir.ts'
import { startDynamodb } from './dynamodb.ts'
import { embeddingVariant } from './engine/demo-model.ts'
import { demoTokenizerDigest } from './engine/demo-tokenizer.ts'
import { writeDemoModel, writeDemoTokenizer } from './engine/write-model.ts'
import type { Options } from './options.ts'
import { claimPorts, type Ports } from './ports.ts'
import {
  agentFile,
  operatorClient,
  seedCustomer,
  seedHost,
  seedModel,
  seedPlatform,
} from './seed.ts'

/** `.local/ready.json`: where everything is. */
export type Ready = {
  readonly gatewayUrl: string
  readonly ingestUrl: string
  readonly adminUrl: string
  /** There is no console yet. */
  readonly consoleUrl: null
  readonly keyFile: string
  readonly adminKeyFile: string
  readonly model: string
  /** Null before a runtime of the user's own. */
  readonly embeddingModel: string | null
  readonly pid: number
  readonly gatewayPid: number
  readonly hostPid: number
}

export type Stack = { readonly ready: Ready; readonly stop: () => Promise<void> }
export type Report = (line: string) => void

const childReadyWithinMs = 30_000
const sellableWithinMs = 100_000
const stage = 'local'

export async function startStack(options: Options, report: Report): Promise<Stack> {
  const ports = await claimPorts(options.port)
  const paths = await openDataDir(options.dataDir, { fresh: options.fresh })
  const children: Child[] = []
  const stop = async () => {
    for (const child of children.splice(0).reverse()) await child.stop()
    await paths.close()
  }
  try {
    const ready = await bringUp({ options, paths, ports, children, report })
    return { ready, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Bringing = {
  readonly options: Options
  readonly paths: DataDir
  readonly ports: Ports
  readonly children: Child[]
  readonly report: Report
}

async function bringUp({ options, paths, ports, children, report }: Bringing): Promise<Ready> {
  const url = (port: number) => `http://127.0.0.1:${port}`
  const urls = { gateway: url(ports.gateway), ingest: url(ports.ingest), admin: url(ports.admin) }
  const pids = { gateway: 0, host: 0 }
  const start = async (spec: ChildSpec) => {
    children.push(await startChild(spec))
  }

  const dynamodb = await startDynamodb({
    port: ports.dynamodb,
    file: paths.database,
    logFile: `${paths.logs}/dynamodb.log`,
  })
  children.push(dynamodb)
  await createTables(dynamodb.endpoint, localTableNames(stage))
  await ensureSecrets(paths)
  report(`database    ${dynamodb.endpoint} (${dynamodb.engine})`)

  const runtimeUrl = options.runtimeUrl ?? url(ports.engine)
  if (options.runtimeUrl === undefined) await start(await engineSpec(options, paths, ports, report))

  const env = environment(options, paths, dynamodb.endpoint)
  const controlPorts = { INGEST_PORT: String(ports.ingest), ADMIN_PORT: String(ports.admin) }
  await start({
    ...nodeChild('The control plane', 'control-plane.ts', [], paths),
    env: { ...env, ...controlPorts },
    isReady: (line) => line.includes('control_plane_ready'),
  })
  await start({
    ...nodeChild('The gateway', '../../functions/gateway/server.ts', [], paths),
    env: { ...env, PORT: String(ports.gateway) },
    isReady: (line) => line.includes('gateway_ready'),
    onStart: (pid) => {
      pids.gateway = pid
      if (pids.host !== 0) void writeReady(paths, ready())
    },
  })
  report(`gateway     ${urls.gateway}/v1`)
  report(`ingest      ${urls.ingest}/ingest/v1`)
  report(`admin       ${urls.admin}/admin`)

  const admin = await operatorClient(urls.admin, paths)
  await seedCustomer(admin, paths)
  await seedPlatform(admin)
  const entries = await catalogueEntriesFor(runtimeUrl)
  for (const entry of entries) await seedModel(admin, entry)
  await seedHost(admin, paths, { ingestUrl: urls.ingest, hostPort: ports.host, runtimeUrl })
  await start({
    ...nodeChild('The host agent', agentFile, ['run', '--config', paths.hostConfig], paths),
    env: {},
    isReady: (line) => line.includes('"ready":true'),
    onStart: (pid) => {
      pids.host = pid
    },
  })
  report(`host        ${url(ports.host)} in front of ${runtimeUrl}`)

  const ready = (): Ready => ({
    gatewayUrl: urls.gateway,
    ingestUrl: urls.ingest,
    adminUrl: urls.admin,
    consoleUrl: null,
    keyFile: paths.customerKey,
    adminKeyFile: paths.operatorKey,
    model: entries[0].id,
    embeddingModel: entries.find(({ modality }) => modality === 'embedding')?.id ?? null,
    pid: process.pid,
    gatewayPid: pids.gateway,
    hostPid: pids.host,
  })
  report('waiting     for the five gates: heartbeat, route probe, benchmark')
  await untilSellable(
    urls.gateway,
    entries.map(({ id }) => id),
  )
  await writeReady(paths, ready())
  return ready()
}

function nodeChild(name: string, file: string, args: readonly string[], paths: DataDir) {
  const script = new URL(file, import.meta.url).pathname
  const log = name.toLowerCase().replace(/^the /, '').replaceAll(' ', '-')
  return {
    name,
    command: process.execPath,
    args: [script, ...args],
    logFile: `${paths.logs}/${log}.log`,
    readyWithinMs: childReadyWithinMs,
  }
}

async function engineSpec(
  options: Options,
  paths: DataDir,
  ports: Ports,
  report: Report,
): Promise<ChildSpec> {
  await writeDemoModel(paths.model)
  await writeDemoModel(paths.embeddingModel, embeddingVariant)
  await writeDemoTokenizer(join(paths.artifacts, artifactFileName(demoTokenizerDigest)))
  const models = ['--model', paths.model, '--embedding-model', paths.embeddingModel]
  const flags = [...models, '--port', String(ports.engine), '--slots', '4']
  const pace = ['--token-delay-ms', String(options.tokenDelayMs)]
  return {
    ...nodeChild('The engine', 'engine/serve.ts', [...flags, ...pace], paths),
    env: {},
    isReady: (line) => {
      if (line.includes('scripted engine stands in')) report(`engine      ${line}`)
      if (!line.includes('"ready":true')) return false
      const { engine } = z.object({ engine: z.string() }).parse(JSON.parse(line))
      report(`engine      http://127.0.0.1:${ports.engine} (${engine})`)
      return true
    },
  }
}

function environment(options: Options, paths: DataDir, endpoint: string): Record<string, string> {
  const tables = localTableNames(stage)
  return {
    [envKey.stage]: stage,
    [envKey.balancesTable]: tables.balances,
    [envKey.keysTable]: tables.keys,
    [envKey.profilesTable]: tables.profiles,
    [envKey.receiptsTable]: tables.receipts,
    [envKey.spendTable]: tables.spend,
    [envKey.secretsSource]: `file:${paths.secrets}`,
    [envKey.deadlineMs]: String(options.deadlineMs),
    [envKey.leaseMarginMs]: String(options.leaseMarginMs),
    [envKey.beatIntervalMs]: '2000',
    [envKey.artifactsFolder]: paths.artifacts,
    [envKey.dynamodbEndpoint]: endpoint,
    // Nobody collects metrics here: without it their lines would stand between those of the log.
    B3IQ_METRICS_DISABLED: 'true',
  }
}

async function ensureSecrets(paths: DataDir): Promise<void> {
  const known = await readIfThere(paths.secrets)
  const made = { ids, nowMs: Date.now() }
  const secrets = known
    ? upgradeStageSecrets(JSON.parse(known), made)
    : newStageSecrets(stage, made)
  await writePrivate(paths.secrets, JSON.stringify(secrets, null, 2))
}

const writeReady = (paths: DataDir, ready: Ready): Promise<void> =>
  writePrivate(paths.ready, `${JSON.stringify(ready, null, 2)}\n`)

/** A model is listed once a host has passed every gate: then the pasted examples work. */
async function untilSellable(gatewayUrl: string, models: readonly string[]): Promise<void> {
  const untilMs = Date.now() + sellableWithinMs
  const Models = z.object({ data: z.array(z.object({ id: z.string() })) })
  for (;;) {
    const response = await fetch(`${gatewayUrl}/v1/models`, { signal: AbortSignal.timeout(5_000) })
    const { data } = Models.parse(await response.json())
    if (models.every((model) => data.some(({ id }) => id === model))) return
    if (Date.now() > untilMs) {
      throw new StatedError(
        'The host did not pass every gate in 100 s: `b3iq-host status` and the logs say what blocks it.',
      )
    }
    await delay(500)
  }
}
