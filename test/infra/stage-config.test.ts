import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { readConfig } from '../../functions/environment.ts'
import {
  gatewayTimeoutSec,
  parseStageConfig,
  readStageConfig,
  StageConfig,
  withCompute,
} from '../../infra/config.ts'
import { commonEnvironment } from '../../infra/constructs/node-function.ts'
import { DataStack } from '../../infra/stacks/data.ts'
import { envKey } from '../../src/names.ts'
import { withApp } from './synthesize.ts'

const minimal = {
  stage: 'dev',
  protectData: false,
  gateway: { memoryMb: 512 },
  ingest: { memoryMb: 256 },
  admin: { memoryMb: 512 },
  schedules: { memoryMb: 1024 },
}

const tunnels = {
  accountId: 'a'.repeat(32),
  zoneId: 'b'.repeat(32),
  zoneName: 'hosts.example.net',
}

describe('a stage file', () => {
  test('may leave out what has a default', () => {
    expect(parseStageConfig('dev', minimal)).toEqual({
      ok: true,
      config: {
        ...minimal,
        logRetentionDays: 30,
        tracing: false,
        dashboards: true,
        secretsVersion: 1,
        gateway: {
          memoryMb: 512,
          compute: 'function',
          web: { streamsPerEnvironment: 128 },
          deadlineMs: 300_000,
          leaseMarginMs: 120_000,
        },
      },
    })
  })

  test.each([
    ['not an object', [], /expected object/],
    ['without a switch for its data', { ...minimal, protectData: undefined }, /protectData: /],
    ['with a word we do not know', { ...minimal, memory: 1 }, /Unrecognized key: "memory"/],
    [
      'that asks for loopback routes',
      { ...minimal, gateway: { ...minimal.gateway, allowLoopbackRoutes: true } },
      /gateway: Unrecognized key: "allowLoopbackRoutes"/,
    ],
    [
      'with a deadline that Lambda would cut off',
      { ...minimal, gateway: { ...minimal.gateway, deadlineMs: 840_001 } },
      /gateway\.deadlineMs: .*840000/,
    ],
    [
      'with holds that end before their invocation does',
      { ...minimal, gateway: { ...minimal.gateway, leaseMarginMs: 60_000 } },
      /gateway\.leaseMarginMs: .*90000/,
    ],
    [
      'with a layer map that is empty',
      { ...minimal, gateway: { ...minimal.gateway, webAdapterLayers: {} } },
      /gateway\.webAdapterLayers: must name at least one region/,
    ],
    [
      'with a way to run the gateway that there is not',
      { ...minimal, gateway: { ...minimal.gateway, compute: 'container' } },
      /gateway\.compute: .*"function"\|"web"/,
    ],
    [
      'with more streams than an environment takes',
      { ...minimal, gateway: { ...minimal.gateway, web: { streamsPerEnvironment: 129 } } },
      /gateway\.web\.streamsPerEnvironment: .*128/,
    ],
    [
      'with a single environment',
      { ...minimal, gateway: { ...minimal.gateway, web: { maxEnvironments: 1 } } },
      /gateway\.web\.maxEnvironments: .*2/,
    ],
    [
      'with a console’s certificate that CloudFront cannot use',
      {
        ...minimal,
        console: {
          domainName: 'console.example.net',
          certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/0a1b',
        },
      },
      /console\.certificateArn: must be the ARN of a certificate in us-east-1/,
    ],
    [
      'with a tunnel zone that is no domain',
      { ...minimal, tunnels: { ...tunnels, zoneName: 'https://hosts.example.net' } },
      /tunnels\.zoneName: must be a domain in lower case/,
    ],
    [
      'with a token among its tunnels',
      { ...minimal, tunnels: { ...tunnels, apiToken: 'secret' } },
      /tunnels: Unrecognized key: "apiToken"/,
    ],
    [
      'with holds that outlive their deadline by more than functions take',
      { ...minimal, gateway: { ...minimal.gateway, leaseMarginMs: 600_001 } },
      /gateway\.leaseMarginMs: .*600000/,
    ],
    [
      'with a bound that a Web Function does not have',
      { ...minimal, gateway: { ...minimal.gateway, compute: 'web', reservedConcurrency: 5 } },
      /gateway\.reservedConcurrency does not bound a Web Function, so say gateway\.web\.maxEnvironments/,
    ],
    ['with too little memory', { ...minimal, ingest: { memoryMb: 64 } }, /ingest\.memoryMb: .*128/],
    ['named in capitals', { ...minimal, stage: 'Dev' }, /stage: must be 2 to 12 lowercase/],
    ['of another stage', { ...minimal, stage: 'prod' }, /says stage "prod": write "dev" there/],
  ])('%s is refused in one sentence', (_, value, fault) => {
    const read = parseStageConfig('dev', value)
    expect(read).toMatchObject({ ok: false, message: expect.stringMatching(fault) })
    expect(read).toMatchObject({
      message: expect.stringMatching(/^infra\/stages\/dev\.json .*\.$/),
    })
  })

  test('for the laptop is refused: loopback routes exist there', () => {
    expect(parseStageConfig('local', { ...minimal, stage: 'local' })).toMatchObject({
      ok: false,
      message: expect.stringContaining('"local" is the laptop and cannot be deployed'),
    })
  })
})

describe('what a stage file may say', () => {
  const Bounds = z.object({ minimum: z.int(), maximum: z.int() })
  const { deadlineMs, leaseMarginMs } = StageConfig.shape.gateway.shape
  const boundsOf = (schema: z.ZodType) => Bounds.parse(z.toJSONSchema(schema))

  test.each(['minimum', 'maximum'] as const)('functions take, at its %s', (end) => {
    const gateway = {
      ...minimal.gateway,
      deadlineMs: boundsOf(deadlineMs)[end],
      leaseMarginMs: boundsOf(leaseMarginMs)[end],
    }
    const read = parseStageConfig('dev', { ...minimal, gateway })
    if (!read.ok) throw new Error(read.message)
    const { config } = read
    const environment = withApp({}, (app) =>
      commonEnvironment(config, new DataStack(app, 'Data', config).tables, 'gateway'),
    )
    // CloudFormation puts the names of the tables in.
    const tables = ['balances', 'keys', 'profiles', 'receipts', 'spend'] as const
    const named = Object.fromEntries(tables.map((name) => [envKey[`${name}Table`], name]))
    expect(readConfig({ ...environment, ...named })).toMatchObject({
      deadlineMs: gateway.deadlineMs,
      leaseMarginMs: gateway.leaseMarginMs,
    })
  })

  test('lets the longest request end before Lambda does, after 15 minutes', () => {
    const longest = { ...minimal.gateway, deadlineMs: boundsOf(deadlineMs).maximum }
    const gateway = StageConfig.shape.gateway.parse(longest)
    expect(gatewayTimeoutSec(gateway)).toBe(900)
  })
})

describe('a bound on what the gateway may cost', () => {
  const bounded = (gateway: object) =>
    parseStageConfig('dev', { ...minimal, gateway: { ...minimal.gateway, ...gateway } })

  test('of the function alone does not vanish with -c compute=web', () => {
    expect(withCompute(bounded({ reservedConcurrency: 5 }), 'web')).toEqual({
      ok: false,
      message:
        'infra/stages/dev.json needs fixing: gateway.reservedConcurrency does not bound a Web Function, so say gateway.web.maxEnvironments.',
    })
  })

  test('of both ways to run it lets either be chosen', () => {
    const both = bounded({ reservedConcurrency: 5, web: { maxEnvironments: 2 } })
    expect(withCompute(both, 'web')).toMatchObject({ ok: true })
    expect(withCompute(both, 'function')).toMatchObject({ ok: true })
  })
})

describe('reading a stage', () => {
  test.each(['dev', 'prod'])('%s is committed and valid', (stage) => {
    expect(readStageConfig(stage)).toMatchObject({ ok: true, config: { stage } })
  })

  test('protects data in prod', () => {
    expect(readStageConfig('prod')).toMatchObject({ config: { protectData: true } })
  })

  test.each(['staging', '../prod', '', undefined])('%j names the stages there are', (stage) => {
    expect(readStageConfig(stage)).toEqual({
      ok: false,
      message: `There is no stage "${stage}": use -c stage=dev or -c stage=prod, or add infra/stages/<stage>.json.`,
    })
  })

  test('a file that is not JSON is named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'stages-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'qa.json'), '{ "stage": ')
    expect(readStageConfig('qa', folder)).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^infra\/stages\/qa\.json is not JSON: .*\.$/),
    })
  })

  test('the app prints that sentence, no stack trace, and fails', () => {
    const app = fileURLToPath(new URL('../../infra/app.ts', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, [app], {
      env: { ...process.env, CDK_CONTEXT_JSON: '{"stage":"nope"}' },
      encoding: 'utf8',
      timeout: 15_000,
    })
    expect(stderr).toMatch(/^There is no stage "nope": use .*\n$/)
    expect(status).toBe(1)
  })
})
