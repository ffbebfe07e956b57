import { readFileSync, statSync } from 'node:fs'
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { DataStack } from '../../infra/stacks/data.ts'
import { GatewayStack } from '../../infra/stacks/gateway.ts'
import { ids } from '../../src/adapters/system.ts'
import { newStageSecrets } from '../../src/keys/stage-secrets.ts'
import { envKey } from '../../src/names.ts'
import { type Resource, resourcesOf, stageConfig, synthesize, withApp } from './synthesize.ts'

const config = stageConfig('dev')
const templates = synthesize(config)
const functions = resourcesOf(templates, 'AWS::Lambda::Function')
const logGroups = resourcesOf(templates, 'AWS::Logs::LogGroup')
const urls = resourcesOf(templates, 'AWS::Lambda::Url')
const permissions = resourcesOf(templates, 'AWS::Lambda::Permission')

describe('every function', () => {
  test.each(functions)('$id runs Node 24 on arm64, outside any VPC', ({ body }) => {
    expect(body.Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] })
    expect(body.Properties).not.toHaveProperty('VpcConfig')
  })

  test.each(functions)('$id writes JSON logs to its own group, kept 30 days', ({ body }) => {
    const group = logGroups.find(({ id }) => JSON.stringify(body.Properties).includes(id))
    expect(body.Properties.LoggingConfig).toEqual({
      LogFormat: 'JSON',
      LogGroup: { Ref: group?.id },
      ApplicationLogLevel: 'INFO',
      SystemLogLevel: 'WARN',
    })
    expect(group?.body.Properties.RetentionInDays).toBe(30)
  })

  test.each(functions)('$id gets the names of things and no secret', (fn) => {
    const variables = environmentOf(fn)
    const adapter = Object.keys(variables).filter((name) => /^AWS_/.test(name))
    const {
      dynamodbEndpoint: _endpoint,
      beatIntervalMs: _interval,
      tunnels: _,
      launchRole: _role,
      artifactsFolder: _folder,
      ...deployed
    } = envKey
    expect(Object.keys(variables).sort()).toEqual(
      [...Object.values(deployed), 'NODE_OPTIONS', ...adapter].sort(),
    )
    expect(variables).toMatchObject({
      B3IQ_STAGE: 'dev',
      B3IQ_SECRETS_SOURCE: 'ssm:/b3iq/dev/secrets:1',
      B3IQ_DEADLINE_MS: '300000',
      B3IQ_LEASE_MARGIN_MS: '120000',
    })
    expect(JSON.stringify(variables)).not.toContain('{{resolve:')
  })

  test('is told of tunnels where the stage opens them, and where it opens or closes them', () => {
    const tunnels = {
      accountId: 'a'.repeat(32),
      zoneId: 'b'.repeat(32),
      zoneName: 'hosts.example.net',
    }
    const told = resourcesOf(synthesize({ ...config, tunnels }), 'AWS::Lambda::Function').filter(
      (fn) =>
        new Map(Object.entries(environmentOf(fn))).get(envKey.tunnels) === JSON.stringify(tunnels),
    )
    expect(told.map(({ id }) => id.replace(/Handler.*/, ''))).toEqual(['Ingest', 'Admin'])
  })

  test('has a log group to itself', () => {
    expect(logGroups).toHaveLength(functions.length)
  })

  test('reserves concurrency only where the stage says so', () => {
    for (const { body } of functions) {
      expect(body.Properties).not.toHaveProperty('ReservedConcurrentExecutions')
    }
    const reserved = synthesize({ ...config, ingest: { memoryMb: 256, reservedConcurrency: 7 } })
    reserved.ingest.hasResourceProperties('AWS::Lambda::Function', {
      ReservedConcurrentExecutions: 7,
    })
  })
})

describe('the gateway', () => {
  const gateway = only(functions.filter(({ stack }) => stack === 'gateway'))

  test('streams: adapter and function URL both say so', () => {
    const url = only(urls.filter(({ stack }) => stack === 'gateway'))
    expect(url.body.Properties.InvokeMode).toBe('RESPONSE_STREAM')
    expect(environmentOf(gateway)).toMatchObject({
      AWS_LAMBDA_EXEC_WRAPPER: '/opt/bootstrap',
      AWS_LWA_INVOKE_MODE: 'response_stream',
      AWS_LWA_PORT: '8080',
      AWS_LWA_READINESS_CHECK_PATH: '/healthz',
    })
  })

  test('is started by an executable script with Unix line ends', () => {
    expect(gateway.body.Properties.Handler).toBe('run.sh')
    const script = new URL('../../functions/gateway/run.sh', import.meta.url)
    expect(statSync(script).mode & 0o777).toBe(0o755)
    expect(readFileSync(script, 'utf8')).toMatch(/^#!\/bin\/sh\n[^\r]*\nexec node index\.mjs\n$/)
  })

  test.each([30_000, 300_000, 840_000])('outlives a deadline of %i ms by 60 s', (deadlineMs) => {
    const gateway = gatewayOf({ ...config, gateway: { ...config.gateway, deadlineMs } })
    gateway.hasResourceProperties('AWS::Lambda::Function', { Timeout: deadlineMs / 1000 + 60 })
  })

  test('uses the arm64 layer of adapter 1.0.0 of its own region', () => {
    expect(JSON.stringify(gateway.body.Properties.Layers)).toMatch(
      /"AWS::Region".*:753240598075:layer:LambdaAdapterLayerArm64:27/,
    )
  })

  test('takes the layer from the stage where that lists regions', () => {
    const arn = 'arn:aws:lambda:eu-west-1:111122223333:layer:LambdaAdapterLayerArm64:3'
    const webAdapterLayers = { 'eu-west-1': arn }
    const gateway = gatewayOf({ ...config, gateway: { ...config.gateway, webAdapterLayers } })
    expect(Object.values(gateway.findMappings('*'))).toEqual([{ 'eu-west-1': { arn } }])
    const layers = only(resourcesOf({ gateway }, 'AWS::Lambda::Function')).body.Properties.Layers
    expect(JSON.stringify(layers)).toContain('Fn::FindInMap')
  })
})

describe('no template', () => {
  const text = Object.values(templates).map((template) => JSON.stringify(template.toJSON()))

  test('makes a secret, asks whoever deploys it for one, or has one put into it', () => {
    const made = ['AWS::SSM::Parameter', 'AWS::SecretsManager::Secret', 'AWS::KMS::Key']
    expect(made.flatMap((type) => resourcesOf(templates, type))).toEqual([])
    for (const one of text) expect(one).not.toMatch(/NoEcho|{{resolve:(ssm-secure|secretsmanager)/)
  })

  test('holds a text of the form of a pepper, a token or half of a key', () => {
    const isSecretLike = (value: string) => /^[A-Za-z0-9_-]{43}$|^[A-Za-z0-9_-]{86}$/.test(value)
    const { bootstrap_token, receipt_key, peppers } = newStageSecrets('dev', { ids, nowMs: 0 })
    const own = [bootstrap_token, receipt_key.private_key.d, ...Object.values(peppers)]
    expect(own.every(isSecretLike)).toBe(true)
    const parsed = Object.values(templates).map((template) => Section.parse(template.toJSON()))
    const names = new Set(
      parsed.flatMap(Object.values).flatMap((part) => Object.keys(Object(part))),
    )
    const found = parsed
      .flatMap(textsIn)
      .filter((value) => isSecretLike(value) && !names.has(value))
    expect(found).toEqual([])
  })
})

const Section = z.record(z.string(), z.json())

const textsIn = (value: z.core.util.JSONType): string[] => {
  if (typeof value === 'string') return [value]
  return value === null || typeof value !== 'object' ? [] : Object.values(value).flatMap(textsIn)
}

describe('function URLs', () => {
  test.each(['gateway', 'ingest'])(
    '%s is open to the internet, by exactly two permissions',
    (of) => {
      expect(authTypes(of)).toEqual(['NONE'])
      expect(permissionsOf(of)).toEqual([
        { Action: 'lambda:InvokeFunction', Principal: '*', InvokedViaFunctionUrl: true },
        { Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: 'NONE' },
      ])
    },
  )

  test('admin is open too, bootstrap only to callers that AWS has authenticated', () => {
    expect(authTypes('admin')).toEqual(['AWS_IAM', 'NONE'])
    expect(permissionsOf('admin')).toHaveLength(2)
    for (const { body } of permissions.filter(({ stack }) => stack === 'admin')) {
      expect(JSON.stringify(body.Properties.FunctionName)).toContain('AdminHandler')
    }
  })

  test('schedules have none', () => {
    expect(authTypes('schedules')).toEqual([])
    expect(permissionsOf('schedules')).toEqual([])
  })

  test('are printed after a deployment', () => {
    const outputs = [templates.gateway, templates.ingest, templates.admin].flatMap((template) =>
      Object.keys(template.findOutputs('*')).filter((id) => !id.startsWith('PublishOutput')),
    )
    expect(outputs).toEqual(['GatewayUrl', 'IngestUrl', 'AdminUrl', 'BootstrapUrl'])
  })
})

/** That stack alone, which is quicker than the stage. */
function gatewayOf(changed: typeof config): Template {
  return withApp({}, (app) => {
    const { tables } = new DataStack(app, 'Data', changed)
    return Template.fromStack(new GatewayStack(app, 'Gateway', changed, tables))
  })
}

function only(resources: readonly Resource[]): Resource {
  const [first, ...others] = resources
  expect(others).toEqual([])
  if (first === undefined) throw new Error('expected one resource, found none')
  return first
}

function environmentOf({ body }: Resource): object {
  const { Environment } = body.Properties
  expect(Environment).toHaveProperty('Variables')
  return Object(Object(Environment).Variables)
}

function authTypes(stack: string) {
  const found = urls.filter((url) => url.stack === stack)
  return found.map(({ body }) => body.Properties.AuthType).sort()
}

function permissionsOf(stack: string) {
  return permissions
    .filter((permission) => permission.stack === stack)
    .map(({ body: { Properties } }) => {
      const { FunctionName: _, ...rest } = Properties
      return rest
    })
    .sort((a, b) => String(a.Action).localeCompare(String(b.Action)))
}
