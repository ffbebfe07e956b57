/**
 * Least privilege, read from the templates: each right of each policy stands in the list of `iam/statements.ts`,
 * with its reason. The stages together have everything that a stage can have.
 */
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { everyStage } from './every-stage.ts'
import type { Explained } from './iam/explained.ts'
import { managedPoliciesIn, type Right, rightsOf } from './iam/read-statements.ts'
import { explained } from './iam/statements.ts'
import { synthesize } from './synthesize.ts'

const templates = Object.values(everyStage).flatMap((stage) => Object.entries(synthesize(stage)))
const rights = templates.flatMap(([stack, template]) => rightsOf(stack, template))

const explains = (entry: Explained, right: Right): boolean =>
  entry.kind === right.kind &&
  (entry.effect ?? 'Allow') === right.effect &&
  (entry.principal ?? '') === right.principal &&
  entry.actions.includes(right.action) &&
  entry.holder.test(right.holder) &&
  entry.resource.test(right.resource) &&
  (entry.condition === undefined ? right.condition === '' : entry.condition.test(right.condition))

const unexplained = (found: readonly Right[]): string[] => [
  ...new Set(
    found
      .filter((right) => !explained.some((entry) => explains(entry, right)))
      .map(({ text }) => text),
  ),
]

describe('the rights in the templates', () => {
  test('are all explained', () => {
    expect(rights.length).toBeGreaterThan(500)
    expect(unexplained(rights)).toEqual([])
  })

  test('leave no explanation without a right', () => {
    const unused = explained.filter((entry) => !rights.some((right) => explains(entry, right)))
    expect(unused).toEqual([])
  })

  test('leave no action in an explanation that nobody has', () => {
    const unused = explained.flatMap((entry) =>
      entry.actions.filter(
        (action) => !rights.some((right) => right.action === action && explains(entry, right)),
      ),
    )
    expect(unused).toEqual([])
  })

  test('do not come from policies that AWS manages', () => {
    expect(templates.flatMap(([, template]) => managedPoliciesIn(template))).toEqual([])
  })

  test.each(explained)('$reason', ({ reason }) => {
    expect(reason).toMatch(/^[A-Z].{20,}\.$/)
  })
})

describe('a right that nobody asked for', () => {
  const statement = {
    Effect: 'Allow',
    Action: 'dynamodb:GetItem',
    Resource: { 'Fn::GetAtt': ['TablesKeys6B5A3ABF', 'Arn'] },
  }
  const policy = (Statement: object, role = 'AdminHandlerRole') =>
    Template.fromJSON({
      Resources: {
        [`${role}DefaultPolicy1234ABCD`]: {
          Type: 'AWS::IAM::Policy',
          Properties: { PolicyDocument: { Statement: [Statement] } },
        },
      },
    })

  test('the list lets through what it explains', () => {
    expect(unexplained(rightsOf('admin', policy(statement)))).toEqual([])
  })

  test.each([
    ['another action', { ...statement, Action: ['dynamodb:GetItem', 'dynamodb:Scan'] }],
    ['every action', { ...statement, Action: '*' }],
    ['every resource', { ...statement, Resource: '*' }],
    ['a condition that it does not know', { ...statement, Condition: { Bool: { a: 'b' } } }],
    ['somebody else', { ...statement, Principal: '*' }],
  ])('is found: %s', (_, given) => {
    expect(unexplained(rightsOf('admin', policy(given)))).toHaveLength(1)
  })

  const writing = (keys: readonly string[], stack: string) => ({
    ...statement,
    Action: stack === 'ingest' ? 'dynamodb:UpdateItem' : 'dynamodb:PutItem',
    Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } },
  })

  test.each([
    ['gateway', 'GatewayServerRole', ['claim#*', 'cancel#*']],
    ['ingest', 'IngestHandlerRole', ['join#*']],
    ['admin', 'BootstrapHandlerRole', ['op', 'op#*']],
  ])('%s writes keys of its own', (stack, role, keys) => {
    expect(unexplained(rightsOf(stack, policy(writing(keys, stack), role)))).toEqual([])
  })

  test.each([
    ['every key', 'gateway', 'GatewayServerRole', ['*']],
    ['every key beside its own', 'gateway', 'GatewayServerRole', ['claim#*', '*']],
    ['all that begins like its own', 'gateway', 'GatewayServerRole', ['claim*']],
    ['keys of operators', 'gateway', 'GatewayServerRole', ['claim#*', 'op#*']],
    ['keys of another', 'ingest', 'IngestHandlerRole', ['claim#*']],
    ['every key', 'admin', 'BootstrapHandlerRole', ['op', '*']],
    ['keys of operators', 'schedules', 'ExpireHoldsHandlerRole', ['op#*']],
  ])('is found: writing %s in %s', (_, stack, role, keys) => {
    expect(unexplained(rightsOf(stack, policy(writing(keys, stack), role)))).toHaveLength(1)
  })

  test.each([
    ['spend', 'Spend', 'gateway', 'GatewayServerRole'],
    ['receipts', 'Receipts', 'ingest', 'IngestHandlerRole'],
    ['balances', 'Balances', 'schedules', 'ProbeRoutesHandlerRole'],
    ['profiles', 'Profiles', 'schedules', 'ReconcileLedgerHandlerRole'],
  ])('is found: writing %s by who has nothing to write there', (_, table, stack, role) => {
    const write = {
      Effect: 'Allow',
      Action: 'dynamodb:PutItem',
      Resource: { 'Fn::GetAtt': [`Tables${table}6B5A3ABF`, 'Arn'] },
    }
    expect(unexplained(rightsOf(stack, policy(write, role)))).toHaveLength(1)
  })

  test.each(['NotAction', 'NotResource', 'NotPrincipal'])('is refused unread: %s', (element) => {
    expect(() => rightsOf('admin', policy({ ...statement, [element]: '*' }))).toThrow(element)
  })

  test('is found in a function’s own policy', () => {
    const template = Template.fromJSON({
      Resources: {
        BootstrapHandlerFunctioninvokefunctionurl1234ABCD: {
          Type: 'AWS::Lambda::Permission',
          Properties: {
            Action: 'lambda:InvokeFunctionUrl',
            FunctionName: { 'Fn::GetAtt': ['BootstrapHandlerFunction1234ABCD', 'Arn'] },
            Principal: '*',
            FunctionUrlAuthType: 'NONE',
          },
        },
      },
    })
    expect(unexplained(rightsOf('admin', template))).toEqual([
      'admin/BootstrapHandlerFunctioninvokefunctionurl: Allow lambda:InvokeFunctionUrl by * on <BootstrapHandlerFunction.Arn> if {FunctionUrlAuthType: NONE}',
    ])
  })
})
