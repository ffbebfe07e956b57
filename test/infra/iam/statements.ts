/**
 * Every right that the templates give, and why. A right that no entry explains fails the test beside this file, and
 * so does an entry that explains nothing any more. Resources and conditions are patterns over what
 * `read-statements.ts` writes: `<Id>` for a resource of a template, `<Id.Arn>` for its ARN.
 */
import type { Explained } from './explained.ts'
import { tables } from './table-statements.ts'

const here = 'arn:<AWS::Partition>'
const account = '<AWS::Region>:<AWS::AccountId>'
const assets = 'cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>'

const functions: readonly Explained[] = [
  {
    kind: 'trust',
    holder: /Role$/,
    principal: '{Service: [lambda.amazonaws.com]}',
    actions: ['sts:AssumeRole'],
    resource: /^$/,
    reason: 'Lambda runs each function in a role of its own.',
  },
  {
    kind: 'identity',
    holder: /Role/,
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resource: /^<[A-Za-z]+Logs\.Arn>$/,
    reason: 'A function writes into its own log group, which it cannot make, read or delete.',
  },
  {
    kind: 'identity',
    holder: /HandlerRole|ServerRole/,
    actions: ['ssm:GetParameter'],
    resource: new RegExp(`^${here}:ssm:${account}:parameter/b3iq/dev/secrets$`),
    reason: 'The one parameter with the secrets of its own stage.',
  },
  {
    kind: 'identity',
    holder: /HandlerRole|ServerRole/,
    actions: ['kms:Decrypt'],
    resource: new RegExp(`^${here}:kms:${account}:key/\\*$`),
    condition:
      /kms:ViaService: ssm\..*PARAMETER_ARN: .*dev\/secrets.*kms:ResourceAliases: alias\/aws\/ssm/,
    reason:
      'AWS makes the key for SSM, so no template can name it: conditions hold the right to it, to SSM and to that parameter.',
  },
  {
    kind: 'identity',
    holder: /HandlerRole|ServerRole|RollUpSpendRole/,
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
    resource: /^\*$/,
    reason:
      'Only with tracing. X-Ray has no resources, and what is sent can be read by nobody here.',
  },
  {
    kind: 'resource',
    holder: /^(gateway|ingest|admin)\/(Gateway|Ingest|Admin)[A-Za-z]+invokefunctionurl$/,
    principal: '*',
    actions: ['lambda:InvokeFunctionUrl'],
    resource: /^<(GatewayServer|IngestHandler|AdminHandler)Function\.Arn>$/,
    condition: /^\{FunctionUrlAuthType: NONE\}$/,
    reason: 'The three surfaces are public and check keys themselves; bootstrap is not among them.',
  },
  {
    kind: 'resource',
    holder: /^(gateway|ingest|admin)\/(Gateway|Ingest|Admin)[A-Za-z]+invokefunction$/,
    principal: '*',
    actions: ['lambda:InvokeFunction'],
    resource: /^<(GatewayServer|IngestHandler|AdminHandler)Function\.Arn>$/,
    condition: /^\{InvokedViaFunctionUrl: true\}$/,
    reason: 'A public URL needs this second right; it is worth nothing anywhere but there.',
  },
]

const schedules: readonly Explained[] = [
  {
    kind: 'trust',
    holder: /^schedules\/[A-Za-z]+InvokeRole$/,
    principal: '{Service: [scheduler.amazonaws.com]}',
    actions: ['sts:AssumeRole'],
    resource: /^$/,
    condition: /aws:SourceAccount: <AWS::AccountId>, aws:SourceArn: <Group\.Arn>/,
    reason: 'Scheduler starts runs, for the schedules of this stage’s group alone.',
  },
  {
    kind: 'identity',
    holder: /^schedules\/[A-Za-z]+InvokeRole/,
    actions: ['lambda:InvokeFunction'],
    resource: /^<[A-Za-z]+HandlerFunction\.Arn>$/,
    reason: 'Each schedule starts its own function.',
  },
  {
    kind: 'identity',
    holder: /^schedules\//,
    actions: ['sqs:SendMessage'],
    resource: /^<FailedRuns\.Arn>$/,
    reason: 'What could not be started or failed goes there, sent by Scheduler or by Lambda.',
  },
  {
    kind: 'identity',
    holder: /^(schedules\/[A-Za-z]+Handler|streams\/RollUpSpend)Role/,
    actions: ['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
    resource: /^<(FailedRuns|ReceiptsGivenUp)\.Arn>$/,
    reason: 'CDK’s grant for a queue that Lambda reports failures to; nobody reads from it.',
  },
]

const everybody = '{AWS: [*]}'

const stores: readonly Explained[] = [
  {
    kind: 'resource',
    effect: 'Deny',
    holder: /Policy$/,
    principal: everybody,
    actions: ['s3:*', 'sqs:*'],
    resource: /^<(Content|GatewayServerCodeBucket|FailedRuns|ReceiptsGivenUp)\.Arn>(\/\*)?$/,
    condition: /^\{Bool: \{aws:SecureTransport: false\}\}$/,
    reason: 'Nobody reaches a bucket or a queue without TLS.',
  },
  {
    kind: 'resource',
    effect: 'Deny',
    holder: /^observability\/AlarmsPolicy$/,
    principal: '*',
    actions: ['sns:Publish'],
    resource: /^<Alarms>$/,
    condition: /^\{Bool: \{aws:SecureTransport: false\}\}$/,
    reason: 'Nobody publishes an alarm without TLS.',
  },
  {
    kind: 'resource',
    holder: /^observability\/AlarmsPolicy$/,
    principal: '{Service: [cloudwatch.amazonaws.com]}',
    actions: ['sns:Publish'],
    resource: /^<Alarms>$/,
    condition: /^\{StringEquals: \{aws:SourceAccount: <AWS::AccountId>\}\}$/,
    reason: 'The alarms of this account say so.',
  },
  {
    kind: 'resource',
    holder: /^console\/ContentPolicy$/,
    principal: '{Service: [cloudfront.amazonaws.com]}',
    actions: ['s3:GetObject'],
    resource: /^<Content\.Arn>\/\*$/,
    condition: /AWS:SourceArn: .*:distribution\/<Distribution>\}\}$/,
    reason: 'CloudFront reads the console’s files, for its own distribution alone.',
  },
]

const webFunction: readonly Explained[] = [
  {
    kind: 'resource',
    holder: /^gateway\/GatewayServerCodeBucketPolicy$/,
    principal: '{Service: [lambda.amazonaws.com]}',
    actions: ['s3:GetObject', 's3:GetObjectVersion'],
    resource: /^<GatewayServerCodeBucket\.Arn>\/web-function\/[A-Za-z0-9]+\/\*$/,
    condition:
      /aws:SourceAccount: <AWS::AccountId>.*web-function\/b3iq-dev-gateway-<AWS::Region>\/revision\/\*/,
    reason: 'Lambda reads the bundle of this Web Function, for its revisions alone.',
  },
  {
    kind: 'identity',
    holder: /^gateway\/GatewayServerCodeCopyRole/,
    actions: ['s3:GetObject', 's3:GetObjectVersion'],
    resource: new RegExp(`^${here}:s3:::${assets}/\\*$`),
    reason: 'During a deployment CDK copies the bundle, which has a new name with each content.',
  },
  {
    kind: 'identity',
    holder: /^gateway\/GatewayServerCodeCopyRole/,
    actions: [
      's3:PutObject',
      's3:PutObjectLegalHold',
      's3:PutObjectRetention',
      's3:PutObjectTagging',
      's3:PutObjectVersionTagging',
      's3:DeleteObject*',
      's3:Abort*',
    ],
    resource: /^<GatewayServerCodeBucket\.Arn>\/web-function\/\*$/,
    reason: 'It puts the new bundle there and takes away the one before; CDK’s grant says how.',
  },
]

const hosts: readonly Explained[] = [
  {
    kind: 'trust',
    holder: /^ingest\/LaunchRole$/,
    principal: '{Service: [ec2.amazonaws.com]}',
    actions: ['sts:AssumeRole'],
    resource: /^$/,
    reason: 'The stage’s own hosts run in it, and prove to ingest that they do.',
  },
  {
    kind: 'identity',
    holder: /^ingest\/LaunchRole/,
    actions: [
      'ssm:UpdateInstanceInformation',
      'ssmmessages:CreateControlChannel',
      'ssmmessages:CreateDataChannel',
      'ssmmessages:OpenControlChannel',
      'ssmmessages:OpenDataChannel',
    ],
    resource: /^\*$/,
    reason: 'Session Manager, the only way into a host; these rights have no resources to name.',
  },
  {
    kind: 'identity',
    holder: /^hosts\/ReadAgent/,
    actions: ['s3:GetObject'],
    resource: new RegExp(`^${here}:s3:::${assets}/[0-9a-f]{64}\\.mjs$`),
    reason: 'A host fetches the agent that was deployed with it.',
  },
]

export const explained: readonly Explained[] = [
  ...tables,
  ...functions,
  ...schedules,
  ...stores,
  ...webFunction,
  ...hosts,
]
