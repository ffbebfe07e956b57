/**
 * What would be uploaded runs: every bundle of a synthesized stage is started by the runtime's Node on the
 * embedded DynamoDB and answers. Nothing but the processor and AWS itself is missing here.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { budgetOf } from '../../infra/constructs/bundle-budgets.ts'
import { allBundles } from '../../infra/constructs/bundle-files.ts'
import { addStage } from '../../infra/stage.ts'
import { committedFile } from '../../scripts/openapi.ts'
import { ids } from '../../src/adapters/system.ts'
import { newStageSecrets } from '../../src/keys/stage-secrets.ts'
import { envKey } from '../../src/names.ts'
import {
  type EmbeddedDynamodb,
  freePort,
  startEmbeddedDynamodb,
} from '../support/embedded-dynamodb.ts'
import { resourcesOf, stageConfig } from './synthesize.ts'

const stage = 'dev'
let outdir: string
let database: EmbeddedDynamodb
let assets: ReadonlyMap<string, string>

const FunctionCode = z.object({ Code: z.object({ S3Key: z.string() }), Handler: z.string() })

beforeAll(async () => {
  outdir = mkdtempSync(join(tmpdir(), 'b3iq-artefacts-'))
  const app = new App({ outdir, context: { '@aws-cdk/core:validateAgainstDefaultRules': false } })
  const { gateway, ingest, admin, schedules, streams } = addStage(app, stageConfig(stage))
  const templates = Object.fromEntries(
    Object.entries({ gateway, ingest, admin, schedules, streams }).map(
      ([name, stack]) => [name, Template.fromStack(stack)] as const,
    ),
  )
  assets = new Map(
    resourcesOf(templates, 'AWS::Lambda::Function').map(({ id, body }) => {
      const hash = FunctionCode.parse(body.Properties).Code.S3Key.replace('.zip', '')
      return [
        id.replace(/(Handler|Server)?Function[0-9A-F]{8}$/, ''),
        join(outdir, `asset.${hash}`),
      ]
    }),
  )
  database = await startEmbeddedDynamodb()
}, 120_000)

afterAll(async () => {
  await database?.stop()
  rmSync(outdir, { recursive: true, force: true })
})

function environment(): Record<string, string> {
  const secrets = join(outdir, 'secrets.json')
  writeFileSync(secrets, JSON.stringify(newStageSecrets(stage, { ids, nowMs: Date.now() })), {
    mode: 0o600,
  })
  return {
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    NODE_OPTIONS: '--enable-source-maps',
    [envKey.stage]: stage,
    [envKey.balancesTable]: database.tables.balances,
    [envKey.keysTable]: database.tables.keys,
    [envKey.profilesTable]: database.tables.profiles,
    [envKey.receiptsTable]: database.tables.receipts,
    [envKey.spendTable]: database.tables.spend,
    [envKey.secretsSource]: `file:${secrets}`,
    [envKey.dynamodbEndpoint]: database.endpoint,
  }
}

const assetOf = (name: string): string => assets.get(name) ?? `no asset ${name}`

/** Imports the bundle as the runtime does and calls its handler once. */
function invoke(name: string, event: unknown) {
  const script = `const { handler } = await import(${JSON.stringify(join(assetOf(name), 'index.mjs'))})
    const context = { getRemainingTimeInMillis: () => 60000 }
    const reply = await handler(${JSON.stringify(event)}, context)
    process.stdout.write('\\n' + JSON.stringify(reply ?? null))
    process.exit(0)`
  const args = ['--input-type=module', '--eval', script]
  const run = spawnSync(process.execPath, args, { env: environment(), timeout: 20_000 })
  const lines = run.stdout.toString().trim().split('\n')
  return { status: run.status, stderr: run.stderr.toString(), lines, reply: lines.at(-1) ?? '' }
}

const urlEvent = (method: string, path: string, body?: unknown) => ({
  version: '2.0',
  rawPath: path,
  rawQueryString: '',
  headers: { host: 'example.on.aws', 'content-type': 'application/json' },
  requestContext: { domainName: 'example.on.aws', http: { method, path } },
  isBase64Encoded: false,
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
})

const Reply = z.object({ statusCode: z.int(), body: z.string() })

describe('the gateway', () => {
  test('starts through run.sh, as the web adapter starts it, and serves', async () => {
    const asset = assetOf('Gateway')
    expect(statSync(join(asset, 'run.sh')).mode & 0o777).toBe(0o755)
    const port = await freePort()
    const child = spawn(join(asset, 'run.sh'), {
      cwd: asset,
      env: { ...environment(), AWS_LWA_PORT: String(port) },
      stdio: 'ignore',
    })
    try {
      const url = `http://127.0.0.1:${port}`
      let health: Response | undefined
      for (let attempt = 0; attempt < 100 && !health; attempt += 1) {
        await delay(100)
        health = await fetch(`${url}/healthz`).catch(() => undefined)
      }
      expect(health?.status).toBe(200)
      const models = await fetch(`${url}/v1/models`)
      expect(await models.json()).toEqual({ object: 'list', data: [] })
      const document = await fetch(`${url}/v1/openapi.json`)
      expect(await document.text()).toBe(committedFile('openapi.json'))
      const spoofed = await fetch(`${url}/events`, { method: 'POST', body: '{}' })
      expect(spoofed.status).toBe(404)
    } finally {
      child.kill('SIGTERM')
    }
  }, 30_000)

  test('starts without it as a Web Function does, and listens where that says', async () => {
    const port = await freePort()
    const child = spawn(process.execPath, ['index.mjs'], {
      cwd: assetOf('Gateway'),
      env: { ...environment(), AWS_LAMBDA_HTTP_ENDPOINT: `0.0.0.0:${port}` },
      stdio: 'ignore',
    })
    try {
      let health: Response | undefined
      for (let attempt = 0; attempt < 100 && !health; attempt += 1) {
        await delay(100)
        health = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)
      }
      expect(health?.status).toBe(200)
    } finally {
      child.kill('SIGTERM')
    }
  }, 30_000)
})

describe('the surfaces behind buffered function URLs', () => {
  test('ingest asks a stranger for a proper body', () => {
    const { reply } = invoke('Ingest', urlEvent('POST', '/ingest/v1/enroll/challenge', {}))
    expect(Reply.parse(JSON.parse(reply))).toMatchObject({
      statusCode: 400,
      body: expect.stringContaining('public_key'),
    })
  })
  test('admin refuses without an operator key', () => {
    const { reply } = invoke('Admin', urlEvent('GET', '/admin/nodes'))
    expect(Reply.parse(JSON.parse(reply)).statusCode).toBe(401)
  })
  test('bootstrap mints the first owner key, once', () => {
    const event = urlEvent('POST', '/admin/bootstrap', {})
    const statuses = [invoke('Bootstrap', event), invoke('Bootstrap', event)].map(
      ({ reply }) => Reply.parse(JSON.parse(reply)).statusCode,
    )
    expect(statuses).toEqual([200, 409])
  })
})

describe('the schedules', () => {
  test.each([
    'ExpireHeartbeats',
    'AdvanceJobs',
    'RecomputeEligibility',
    'ProbeRoutes',
    'RunBenchmarks',
    'RunSpotChecks',
    'ExpireHolds',
    'AccrueEarnings',
    'ClosePayouts',
    'ReconcileLedger',
  ])('%s runs on an empty fleet, reports once and is over', (name) => {
    const { status, stderr, lines } = invoke(name, {})
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const reports = lines.filter((line) => line.includes('"event":"schedule_ran"'))
    expect(reports.map((line) => JSON.parse(line))).toMatchObject([{ level: 'INFO', stage }])
  })
  test('ReconcileLedger publishes what its alarm watches, also when it found nothing', () => {
    const { lines } = invoke('ReconcileLedger', {})
    const published = lines.find((line) => line.includes('"_aws"')) ?? '{}'
    expect(JSON.parse(published)).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Namespace: 'B3IQ', Dimensions: [['stage']] }] },
      stage,
      LedgerDiscrepancies: 0,
      AccountsReconciled: 0,
    })
  })
})

test('what the stream of the receipts starts answers what it could not count', () => {
  const image = { pk: { S: 'acct_1' }, sk: { S: 'hold' }, receiptHash: { S: 'hash' } }
  const dynamodb = { SequenceNumber: '7', ApproximateCreationDateTime: 1, NewImage: image }
  const { status, reply, stderr } = invoke('RollUpSpend', {
    Records: [{ eventName: 'INSERT', dynamodb }],
  })
  expect({ status, reply }).toEqual({
    status: 0,
    reply: JSON.stringify({ batchItemFailures: [{ itemIdentifier: '7' }] }),
  })
  expect(JSON.parse(stderr)).toMatchObject({ event: 'receipt_not_counted', level: 'WARN' })
})

test('a budget is near what it bounds, or it would bound nothing', () => {
  const slack = [...allBundles()].flatMap(([entry, { start, later }]) => {
    const { startKb, laterKb } = budgetOf(entry)
    return start.bytes < 900 * startKb || later.bytes < 900 * laterKb
      ? [`${entry} has ${start.bytes} bytes at its start and ${later.bytes} later`]
      : []
  })
  expect(slack).toEqual([])
})

test('a start of the gateway loads the code of a chat, and leaves that of other requests for later', () => {
  const { start, later } = allBundles().get('functions/gateway/server.ts') ?? {}
  expect([...(start?.inputs.keys() ?? [])]).toContain('src/gateway/chat.ts')
  for (const path of [
    'src/gateway/responses.ts',
    'src/gateway/transcription.ts',
    'src/gateway/unpaid-routes.ts',
    'src/dispatch/document-events.ts',
    'src/adapters/dynamodb/journal-store.ts',
    'src/adapters/dynamodb/enforce-rights.ts',
    'src/ledger/sweep.ts',
  ]) {
    expect({ path, at: [start, later].map((part) => part?.inputs.has(path)) }).toEqual({
      path,
      at: [false, true],
    })
  }
})

test('maps name their sources from the root of the repository, and hold none', () => {
  const files = readdirSync(assetOf('Gateway')).filter((name) => name.endsWith('.map'))
  const maps = files.map((name) => JSON.parse(readFileSync(join(assetOf('Gateway'), name), 'utf8')))
  expect(maps.flatMap(({ sources }) => sources)).toContain('functions/gateway/server.ts')
  for (const map of maps) expect(map).not.toHaveProperty('sourcesContent')
})

test('every bundle was looked at', () => {
  const bundles = readdirSync(outdir).filter((name) => name.startsWith('asset.'))
  expect(bundles).toHaveLength(new Set(assets.values()).size)
  expect([...assets.keys()].sort()).toEqual([
    'AccrueEarnings',
    'Admin',
    'AdvanceJobs',
    'Bootstrap',
    'ClosePayouts',
    'ExpireHeartbeats',
    'ExpireHolds',
    'Gateway',
    'Ingest',
    'ProbeRoutes',
    'RecomputeEligibility',
    'ReconcileLedger',
    'RollUpSpend',
    'RunBenchmarks',
    'RunSpotChecks',
  ])
})
