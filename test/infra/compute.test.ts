/**
 * One value of the stage's file decides how the gateway runs. What changes with it is written down here; whatever
 * else changed would show as a line that nobody expected.
 */
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { gatewayTimeoutSec, withCompute } from '../../infra/config.ts'
import { DataStack } from '../../infra/stacks/data.ts'
import { GatewayStack } from '../../infra/stacks/gateway.ts'
import { resourcesOf, stageConfig, synthesize, withApp } from './synthesize.ts'

const config = stageConfig('dev')
const gatewayWith = (gateway: Partial<typeof config.gateway>) => ({
  ...config,
  gateway: { ...config.gateway, ...gateway },
})
const asFunction = synthesize(gatewayWith({ compute: 'function' }))
const asWeb = synthesize(gatewayWith({ compute: 'web' }))

/** `+` is there with `web` alone, `-` with `function` alone, `~` is not the same in both. */
const expected: Readonly<Record<string, readonly string[]>> = {
  gateway: [
    '+ AWS::IAM::Policy GatewayServerCodeCopyRoleDefaultPolicy',
    '+ AWS::IAM::Role GatewayServerCodeCopyRole',
    // CDK's own, which copies the bundle.
    '+ AWS::Lambda::Function CustomS3ObjectCopy',
    '+ AWS::Lambda::WebFunction GatewayServerFunction',
    '+ AWS::Lambda::WebFunctionEndpoint GatewayServerFunctionEndpoint',
    '+ AWS::Lambda::WebFunctionRevision GatewayServerFunctionRevision',
    '+ AWS::Logs::LogGroup GatewayServerCodeCopyLogs',
    '+ AWS::Logs::LogGroup GatewayServerCompanionLogs',
    '+ AWS::S3::Bucket GatewayServerCodeBucket',
    '+ AWS::S3::BucketPolicy GatewayServerCodeBucketPolicy',
    '+ Custom::S3ObjectCopy GatewayServerFunctionCodeCopy',
    '- AWS::Lambda::Function GatewayServerFunction',
    '- AWS::Lambda::Permission GatewayServerFunctioninvokefunction',
    '- AWS::Lambda::Permission GatewayServerFunctioninvokefunctionurl',
    '- AWS::Lambda::Url GatewayServerFunctionFunctionUrl',
    // The same role may write into the companion of its log group too.
    '~ AWS::IAM::Policy GatewayServerRoleDefaultPolicy',
    '~ Output GatewayUrl',
  ],
  // Pages may call the gateway where it is now.
  console: ['~ AWS::CloudFront::ResponseHeadersPolicy HeadersPolicy'],
  // AWS counts no invocations, errors and durations of a Web Function.
  observability: [
    '- AWS::CloudWatch::Alarm GatewayErrors',
    '- AWS::CloudWatch::Alarm GatewaySlow',
    '~ AWS::CloudWatch::Alarm Throttles',
    '~ AWS::CloudWatch::Dashboard Cost',
    '~ AWS::CloudWatch::Dashboard Customers',
  ],
}

describe('the switch between function and Web Function', () => {
  test('concerns these stacks alone', () => {
    const changed = Object.keys(asFunction).filter((name) => changesOf(name).length > 0)
    expect(changed).toEqual(Object.keys(expected))
  })

  test.each(Object.entries(expected))('changes this in %s and nothing else', (name, lines) => {
    expect(changesOf(name)).toEqual(lines)
  })

  test('gives no logical id another type, which CloudFormation would refuse to deploy', () => {
    const types = Contents.parse(asFunction.gateway.toJSON()).Resources
    const after = Object.entries(Contents.parse(asWeb.gateway.toJSON()).Resources)
    expect(after.filter(([id]) => id in types).length).toBeGreaterThan(0)
    expect(after.filter(([id, { Type }]) => id in types && types[id]?.Type !== Type)).toEqual([])
  })

  test.each(['GatewayServerLogs', 'GatewayServerRole'])('keeps %s', (id) => {
    const [before, after] = [asFunction, asWeb].map((templates) =>
      [
        ...resourcesOf(templates, 'AWS::Logs::LogGroup'),
        ...resourcesOf(templates, 'AWS::IAM::Role'),
      ]
        .filter((one) => withoutHash(one.id) === id)
        .map(({ body }) => body),
    )
    expect(before).toHaveLength(1)
    expect(after).toEqual(before)
  })

  test('hands over the same environment, without what the adapter is told', () => {
    const adapter = /^AWS_/
    const before = Object.entries(variablesOf('AWS::Lambda::Function', asFunction))
    const after = Object.entries(variablesOf('AWS::Lambda::WebFunctionRevision', asWeb))
    expect(after.filter(([name]) => !adapter.test(name))).toEqual(
      before.filter(([name]) => !adapter.test(name)),
    )
    expect(after.filter(([name]) => adapter.test(name))).toEqual([
      ['AWS_LAMBDA_NODEJS_ENTRYPOINT', 'index.mjs'],
    ])
  })

  test.each([
    ['-c compute=web', 'web', { ok: true, config: { gateway: { compute: 'web' } } }],
    ['no -c compute', undefined, { ok: true, config: { gateway: { compute: 'function' } } }],
    [
      '-c compute=lambda',
      'lambda',
      {
        ok: false,
        message: 'There is no compute "lambda": use -c compute=function or -c compute=web.',
      },
    ],
  ])('is made for one synthesis with %s', (_, given, outcome) => {
    expect(withCompute({ ok: true, config }, given)).toMatchObject(outcome)
  })
})

describe('the Web Function', () => {
  test('outlives a request’s deadline, serves 128 streams at once and logs as functions do', () => {
    asWeb.gateway.hasResourceProperties('AWS::Lambda::WebFunctionRevision', {
      BuildConfig: { RuntimeConfig: { Runtime: 'nodejs24.x' } },
      ServiceConfig: {
        TimeoutSeconds: gatewayTimeoutSec(config.gateway),
        MaxConcurrencyPerEnvironment: 128,
        TelemetryConfig: { LoggingConfig: { ApplicationLogLevel: 'INFO', SystemLogLevel: 'WARN' } },
      },
    })
    for (const { body } of resourcesOf({ gateway: asWeb.gateway }, 'AWS::Logs::LogGroup')) {
      expect(body.Properties.RetentionInDays).toBe(config.logRetentionDays)
    }
  })

  test('starts a revision once its role may do what it needs', () => {
    const [revision] = resourcesOf(asWeb, 'AWS::Lambda::WebFunctionRevision')
    expect(revision?.body.DependsOn.map(withoutHash)).toContain('GatewayServerRoleDefaultPolicy')
  })

  test('lets anyone call, in its own region, as far as the account’s quota goes', () => {
    const [endpoint] = resourcesOf(asWeb, 'AWS::Lambda::WebFunctionEndpoint')
    expect(endpoint?.body.Properties).toMatchObject({
      AuthType: 'ApplicationManaged',
      EndpointType: 'HomeRegion',
    })
    expect(endpoint?.body.Properties).not.toHaveProperty('ScalingConfig')
  })

  test('is bounded where the stage says so', () => {
    const web = { streamsPerEnvironment: 10, maxEnvironments: 4 }
    const bounded = gatewayWith({ compute: 'web', web })
    const gateway = withApp({}, (app) => {
      const { tables } = new DataStack(app, 'Data', bounded)
      return Template.fromStack(new GatewayStack(app, 'Gateway', bounded, tables))
    })
    gateway.hasResourceProperties('AWS::Lambda::WebFunctionEndpoint', {
      ScalingConfig: { MaxEnvironments: 4 },
    })
    gateway.hasResourceProperties('AWS::Lambda::WebFunctionRevision', {
      ServiceConfig: { MaxConcurrencyPerEnvironment: 10 },
    })
  })

  test('names nothing of another stack but as that stack’s output', () => {
    const { Resources } = z
      .object({ Resources: z.record(z.string(), z.unknown()) })
      .parse(asWeb.gateway.toJSON())
    const referred = [...JSON.stringify(Resources).matchAll(/"Ref":"([^":]+)"/g)].map(
      ([, id]) => id,
    )
    expect(referred.filter((id) => id !== undefined && !(id in Resources))).toEqual([])
  })
})

function changesOf(stack: string): string[] {
  const [before, after] = [asFunction, asWeb].map((templates) =>
    entriesOf(new Map<string, Template>(Object.entries(templates)).get(stack)),
  )
  if (before === undefined || after === undefined) throw new Error(`no stack ${stack}`)
  return [...new Set([...before.keys(), ...after.keys()])]
    .flatMap((name) => {
      if (before.get(name) === after.get(name)) return []
      const sign = !before.has(name) ? '+' : !after.has(name) ? '-' : '~'
      return [`${sign} ${name}`]
    })
    .sort()
}

const Contents = z.object({
  Resources: z.record(z.string(), z.looseObject({ Type: z.string() })),
  Outputs: z.record(z.string(), z.unknown()).default({}),
})

/** What a template holds, each as text under its type and id; less what CDK publishes for other stacks. */
function entriesOf(template: Template | undefined): ReadonlyMap<string, string> {
  const { Resources, Outputs } = Contents.parse(template?.toJSON())
  return new Map([
    ...Object.entries(Resources).map(
      ([id, body]) => [`${body.Type} ${withoutHash(id)}`, JSON.stringify(body)] as const,
    ),
    ...Object.entries(Outputs)
      .filter(([id]) => !id.startsWith('PublishOutput'))
      .map(([id, body]) => [`Output ${id}`, JSON.stringify(body)] as const),
  ])
}

/** `GatewayServerRole` of `GatewayServerRole9F2B7F4D`; CDK's own function has digests in the middle, too. */
function withoutHash(id: string): string {
  return id.startsWith('CustomS3ObjectCopy')
    ? 'CustomS3ObjectCopy'
    : id.replace(/CodeCopy[0-9a-f]{8}/, 'CodeCopy').replace(/[0-9A-F]{8}$/, '')
}

const Variables = z.union([
  z
    .object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) })
    .transform(({ Environment }) => Environment.Variables),
  z
    .object({
      ServiceConfig: z.object({ EnvironmentVariables: z.record(z.string(), z.unknown()) }),
    })
    .transform(({ ServiceConfig }) => ServiceConfig.EnvironmentVariables),
])

function variablesOf(type: string, { gateway }: typeof asWeb): Record<string, unknown> {
  const [one] = resourcesOf({ gateway }, type)
  return Variables.parse(one?.body.Properties)
}
