import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { resourcesOf, stageConfig, synthesize } from './synthesize.ts'

const oneOrMore = <Item extends z.ZodType>(item: Item) =>
  z.union([z.array(item), item.transform((one) => [one])])

const Statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore(z.string()),
  Resource: oneOrMore(z.json()),
  Condition: z.json().optional(),
})
const Policy = z.object({
  PolicyDocument: z.object({ Statement: z.array(Statement) }),
  Roles: z.array(z.object({ Ref: z.string() })),
})

const templates = synthesize(stageConfig('dev'))
const roles = resourcesOf(templates, 'AWS::IAM::Role')
const statements = resourcesOf(templates, 'AWS::IAM::Policy').flatMap(({ body }) => {
  const { PolicyDocument, Roles } = Policy.parse(body.Properties)
  return PolicyDocument.Statement.map((statement) => ({
    ...statement,
    role: Roles.map(({ Ref }) => Ref).join(),
  }))
})

describe('what a function may do to tables', () => {
  test.each([
    [
      'GatewayServer',
      [
        'balances: GetItem Query UpdateItem',
        'keys: BatchGetItem GetItem',
        'keys: PutItem under cancel#* claim#* retry#*',
        'profiles: BatchGetItem GetItem UpdateItem',
        'receipts/byNodeReceiptHash: Query',
        'receipts/byReceiptHash: Query',
        'receipts: GetItem PutItem Query',
      ],
    ],
    [
      'IngestHandler',
      [
        'balances: GetItem PutItem Query UpdateItem',
        'keys: GetItem',
        'keys: UpdateItem under enrolments#* instance#* join#*',
        'profiles: ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem',
        'receipts/byExpiredHold: Query',
        'receipts: GetItem',
      ],
    ],
    [
      'AdminHandler',
      [
        'balances: ConditionCheckItem GetItem PutItem Query UpdateItem',
        'keys: BatchGetItem GetItem PutItem Query UpdateItem',
        'profiles: DeleteItem GetItem PutItem Query UpdateItem',
        'receipts/byNodeReceiptHash: Query',
        'receipts/byReceiptHash: Query',
        'receipts: GetItem',
        'spend: Query',
      ],
    ],
    ['BootstrapHandler', ['keys: PutItem UpdateItem under audit#* change#* op op#*']],
    [
      'RollUpSpend',
      [
        'balances: GetItem',
        'receipts/stream: DescribeStream GetRecords GetShardIterator ListStreams',
        'receipts: Query',
        'spend: PutItem UpdateItem',
      ],
    ],
    ['ExpireHeartbeats', ['profiles: GetItem Query UpdateItem']],
    ['AdvanceJobs', ['profiles: DeleteItem GetItem PutItem Query UpdateItem']],
    ['RecomputeEligibility', ['profiles: DeleteItem GetItem PutItem Query']],
    ['ProbeRoutes', ['profiles: Query UpdateItem']],
    [
      'RunBenchmarks',
      [
        'balances: GetItem Query UpdateItem',
        'keys: BatchGetItem GetItem Query',
        'profiles: BatchGetItem GetItem PutItem Query UpdateItem',
        'receipts: GetItem PutItem',
      ],
    ],
    [
      'RunSpotChecks',
      [
        'balances: GetItem Query UpdateItem',
        'keys: BatchGetItem GetItem Query',
        'profiles: BatchGetItem GetItem PutItem Query UpdateItem',
        'receipts: GetItem PutItem',
      ],
    ],
    [
      'ExpireHolds',
      [
        'balances/bySweepBucket: Query',
        'balances: GetItem PutItem UpdateItem',
        'receipts: PutItem',
      ],
    ],
    [
      'AccrueEarnings',
      [
        'balances: GetItem PutItem Query UpdateItem',
        'profiles: GetItem PutItem UpdateItem',
        'receipts: PutItem Query',
      ],
    ],
    ['ClosePayouts', ['balances: GetItem PutItem Query UpdateItem', 'profiles: GetItem']],
    [
      'ReconcileLedger',
      [
        'balances: BatchGetItem GetItem PutItem Query',
        'keys: BatchGetItem GetItem Query',
        'receipts: GetItem Query',
      ],
    ],
  ])('%s', (prefix, expected) => {
    expect(tableRights(prefix)).toEqual(expected)
  })
})

describe('the ledger’s own tables', () => {
  test.each(['balances', 'receipts'])('%s: nobody may delete from them', (table) => {
    const owners = [...new Set(statements.map(({ role }) => role))]
    const granted = owners.flatMap((role) =>
      tableRights(role).filter((right) => right.startsWith(table)),
    )
    expect(granted).not.toEqual([])
    expect(granted.filter((right) => right.includes('DeleteItem'))).toEqual([])
  })
})

describe('every role', () => {
  test('is a function’s or a schedule’s own, without managed policies', () => {
    const functions = resourcesOf(templates, 'AWS::Lambda::Function')
    const schedules = resourcesOf(templates, 'AWS::Scheduler::Schedule')
    expect(roles).toHaveLength(functions.length + schedules.length)
    for (const { body } of roles) {
      expect(body.Properties).not.toHaveProperty('ManagedPolicyArns')
      expect(body.Properties).not.toHaveProperty('Policies')
    }
  })

  test('names its actions, all of them from a short list', () => {
    const actions = statements.flatMap(({ Action }) => Action)
    const others = new Set(actions.filter((action) => !action.startsWith('dynamodb:')))
    expect([...others].sort()).toEqual([
      'kms:Decrypt',
      'lambda:InvokeFunction',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'sqs:GetQueueAttributes',
      'sqs:GetQueueUrl',
      'sqs:SendMessage',
      'ssm:GetParameter',
    ])
    expect(actions.filter((action) => /\*|Scan|DeleteTable|UpdateTable/.test(action))).toEqual([])
  })

  test('names its resources, but for the key that AWS made for SSM', () => {
    const wild = statements.filter(({ Resource }) => JSON.stringify(Resource).includes('*'))
    // All but the one that reads no secrets.
    expect(wild).toHaveLength(resourcesOf(templates, 'AWS::Lambda::Function').length - 1)
    expect(wild.filter(({ role }) => role.startsWith('RollUpSpend'))).toEqual([])
    for (const { Action, Resource, Condition } of wild) {
      expect(Action).toEqual(['kms:Decrypt'])
      expect(flat(Resource)).toEqual(['arn:AWS::Partition:kms:AWS::Region:AWS::AccountId:key/*'])
      expect(Condition).toMatchObject({
        StringEquals: {
          'kms:ViaService': expect.anything(),
          'kms:EncryptionContext:PARAMETER_ARN': expect.anything(),
        },
        'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/aws/ssm' },
      })
    }
  })

  test('reads one parameter, that of its stage', () => {
    const resources = statements
      .filter(({ Action }) => Action.includes('ssm:GetParameter'))
      .flatMap(({ Resource }) => flat(Resource))
    expect(new Set(resources)).toEqual(
      new Set(['arn:AWS::Partition:ssm:AWS::Region:AWS::AccountId:parameter/b3iq/dev/secrets']),
    )
  })
})

function tableRights(rolePrefix: string): string[] {
  return statements
    .filter(({ role }) => role.startsWith(rolePrefix))
    .filter(({ Action }) => Action.some((action) => action.startsWith('dynamodb:')))
    .flatMap(({ Action, Resource, Condition }) =>
      Resource.map((resource) => {
        const actions = Action.map((action) => action.replace('dynamodb:', '')).sort()
        return `${tableOf(resource)}: ${actions.join(' ')}${under(Condition)}`
      }),
    )
    .sort()
}

const Leading = z.strictObject({
  'ForAllValues:StringLike': z.strictObject({ 'dynamodb:LeadingKeys': z.array(z.string()) }),
})

/** Which partition keys a statement is for; nothing where it is for all. */
function under(condition: unknown): string {
  if (condition === undefined) return ''
  const keys = Leading.parse(condition)['ForAllValues:StringLike']['dynamodb:LeadingKeys']
  return ` under ${keys.toSorted().join(' ')}`
}

/** `receipts`, or `receipts/byReceiptHash` for an index of it. */
function tableOf(resource: unknown): string {
  const text = JSON.stringify(resource)
  const table = /FnGetAttTables(Balances|Keys|Profiles|Receipts|Spend)[0-9A-F]{8}(Stream)?Arn/.exec(
    text,
  )?.[1]
  const index = /StreamArn/.test(text) ? 'stream' : /"\/index\/(\w+)"/.exec(text)?.[1]
  expect(table).toBeDefined()
  return `${table?.toLowerCase()}${index === undefined ? '' : `/${index}`}`
}

/** ARNs with pseudo parameters written out by name. */
function flat(resources: readonly unknown[]): string[] {
  const Joined = z.object({
    'Fn::Join': z.tuple([
      z.literal(''),
      z.array(z.union([z.string(), z.object({ Ref: z.string() }).transform(({ Ref }) => Ref)])),
    ]),
  })
  return resources.map((resource) => Joined.parse(resource)['Fn::Join'][1].join(''))
}
