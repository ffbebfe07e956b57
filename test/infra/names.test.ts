/**
 * What holds for every template: CloudFormation names things, data lives apart, nothing is tied to an account, and
 * no stack holds another back from being deployed.
 */
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { addStage } from '../../infra/stage.ts'
import { consoleAddress, everyStage } from './every-stage.ts'
import { viaLanes } from './hosts/stage-with-hosts.ts'
import { stageConfig, synthesize, withApp } from './synthesize.ts'

const dev = stageConfig('dev')
const prod = stageConfig('prod')

const Contents = z.object({
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Properties: z.record(z.string(), z.json()).default({}),
      DeletionPolicy: z.string().optional(),
    }),
  ),
  Outputs: z.record(z.string(), z.looseObject({})).default({}),
})

const contentsOf = (config: typeof dev) =>
  Object.entries(synthesize(config)).map(([stack, template]) => {
    const { Resources, Outputs } = Contents.parse(template.toJSON())
    return { stack, Resources: Object.entries(Resources), Outputs, text: JSON.stringify(template) }
  })
const { web, tunnel, lanes } = everyStage
const stages = {
  dev: contentsOf(dev),
  web: contentsOf(web),
  tunnel: contentsOf(tunnel),
  lanes: contentsOf(lanes),
}

/** Names that somebody has to choose, and why it is not CloudFormation. */
const chosenNames: Readonly<Record<string, string>> = {
  'AWS::AutoScaling::LifecycleHook AutoScalingGroupName': 'A reference to the group.',
  'AWS::Route53::RecordSet Name': 'The name that the stage’s file gives to the hosts’ lanes.',
  'AWS::CloudFront::Function Name': 'CloudFormation wants one; it has the region in it.',
  'AWS::CloudFront::OriginAccessControl Name': 'CloudFormation wants one; it has the region in it.',
  'AWS::CloudFront::ResponseHeadersPolicy Name':
    'CloudFormation wants one; it has the region in it.',
  'AWS::IAM::Policy PolicyName': 'CloudFormation wants one; it is unique within its role alone.',
  'AWS::Lambda::WebFunction FunctionName': 'CloudFormation wants one; it has the region in it.',
  'AWS::Lambda::WebFunctionEndpoint EndpointName':
    'CloudFormation wants one; it is unique within its function alone.',
  'AWS::Lambda::WebFunctionRevision FunctionName': 'A reference to the function.',
  'AWS::Lambda::WebFunctionEndpoint FunctionName': 'A reference to the function.',
  'AWS::Lambda::Permission FunctionName': 'A reference to the function.',
  'AWS::Lambda::EventInvokeConfig FunctionName': 'A reference to the function.',
  'AWS::Lambda::EventSourceMapping FunctionName': 'A reference to the function.',
  'AWS::Logs::LogGroup LogGroupName':
    'Lambda writes into a companion whose name follows the group’s.',
  'Custom::S3ObjectCopy SourceBucketName': 'A reference to the bucket.',
  'Custom::S3ObjectCopy DestinationBucketName': 'A reference to the bucket.',
  'AWS::CloudWatch::Alarm MetricName': 'What is watched, not what watches.',
  'AWS::Logs::QueryDefinition Name': 'CloudFormation wants one, and it is a title for people.',
  'AWS::Scheduler::ScheduleGroup Name': 'CloudFormation wants one; CDK makes it from the stack’s.',
  'AWS::Scheduler::Schedule GroupName': 'A reference to the group.',
}

describe('physical names', () => {
  const named = Object.values(stages)
    .flat()
    .flatMap(({ Resources }) =>
      Resources.flatMap(([, { Type, Properties }]) =>
        namesIn(Properties).map((property) => `${Type} ${property}`),
      ),
    )

  test('are chosen where CloudFormation does not choose them, and nowhere else', () => {
    expect([...new Set(named)].filter((one) => chosenNames[one] === undefined)).toEqual([])
    expect(Object.keys(chosenNames).filter((one) => !named.includes(one))).toEqual([])
  })
})

/** Properties that give a name, at the top of a resource or in its one configuration. */
function namesIn(properties: Readonly<Record<string, z.core.util.JSONType>>): string[] {
  const inside = Object.entries(properties).flatMap(([key, value]) =>
    key.endsWith('Config') && typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.keys(value)
      : [],
  )
  return [...Object.keys(properties), ...inside].filter((key) =>
    /^([A-Z][A-Za-z]+)?Name$/.test(key),
  )
}

describe('what keeps data', () => {
  // Queues, log groups and buckets of builds come and go with what fills them.
  const kept = /^AWS::(DynamoDB|RDS|EFS|ElastiCache|OpenSearchService|Kinesis|S3Tables)::/

  test.each(Object.entries(stages))('is in the Data stack alone: %s', (_, stacks) => {
    for (const { stack, Resources } of stacks) {
      const types = new Set(Resources.map(([, { Type }]) => kept.test(Type)))
      expect([stack, ...types]).toEqual([stack, stack === 'data'])
    }
  })

  test.each([
    [
      'what is bought by the hour',
      /^AWS::(EC2|ElasticLoadBalancing|ElasticLoadBalancingV2|ECS|RDS|ElastiCache)::/,
    ],
    ['a secret', /^AWS::(SecretsManager|SSM|KMS)::/],
  ])('is not joined by %s in any stack but that of hosts', (_, type) => {
    const found = Object.values(stages)
      .flat()
      .filter(({ stack }) => stack !== 'hosts')
      .flatMap(({ Resources }) => Resources.filter(([, { Type }]) => type.test(Type)))
    expect(found).toEqual([])
  })

  test('is the only thing that outlives a stack of stage prod, with the console’s files', () => {
    const retained = contentsOf(prod).flatMap(({ Resources }) =>
      Resources.filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain').map(
        ([, { Type }]) => Type,
      ),
    )
    expect([...new Set(retained)].sort()).toEqual(['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket'])
  })

  test('and everything else that holds something says what becomes of it', () => {
    const holding = /^AWS::(Logs::LogGroup|S3::Bucket|DynamoDB::GlobalTable|SQS::Queue)$/
    const silent = Object.values(stages)
      .flat()
      .flatMap(({ stack, Resources }) =>
        Resources.filter(([, { Type }]) => holding.test(Type))
          .filter(([, { DeletionPolicy }]) => DeletionPolicy === undefined)
          .map(([id]) => `${stack}/${id}`),
      )
    expect(silent).toEqual([])
  })
})

/** What the stage's file itself names of an account: certificates. */
const ofTheFile = [consoleAddress.certificateArn, viaLanes.certificateArn]

describe('every stack', () => {
  test.each(Object.entries(stages))('is outside any VPC: %s', (_, stacks) => {
    for (const { text } of stacks) expect(text).not.toContain('"VpcConfig"')
  })

  test.each(Object.entries(stages))('is bound to no account and no region: %s', (_, stacks) => {
    for (const { stack, text: whole } of stacks) {
      const text = ofTheFile.reduce((rest, arn) => rest.replaceAll(arn, ''), whole)
      // The one account that is not ours publishes the web adapter’s layer.
      const accounts = [...text.matchAll(/\b\d{12}\b/g)].map(([id]) => id)
      expect([stack, ...new Set(accounts)].filter((one) => one !== '753240598075')).toEqual([stack])
      expect(text).not.toMatch(/"(us|eu|ap|sa|ca|me|af)-[a-z]+-\d"/)
    }
  })

  test.each(Object.entries(stages))('exports nothing that would hold it fast: %s', (_, stacks) => {
    for (const { Outputs, text } of stacks) {
      expect(Object.values(Outputs).filter((output) => 'Export' in output)).toEqual([])
      expect(text).not.toContain('Fn::ImportValue')
    }
  })

  test('is protected from deletion where its data is', () => {
    withApp({}, (app) => {
      const { data, ...others } = addStage(app, prod)
      expect(data.terminationProtection).toBe(true)
      for (const one of Object.values(others))
        expect(one?.terminationProtection ?? false).toBe(false)
    })
  })

  test('of hosts is there only where the stage launches some', () => {
    expect(Object.keys(synthesize(dev))).not.toContain('hosts')
    expect(Object.keys(synthesize(tunnel))).toContain('hosts')
  })
})
