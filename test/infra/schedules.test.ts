import { describe, expect, test } from 'vitest'
import { schedules } from '../../src/names.ts'
import { resourcesOf, stageConfig, synthesize } from './synthesize.ts'

const templates = synthesize(stageConfig('dev'))
const [queue] = resourcesOf(templates, 'AWS::SQS::Queue').filter(
  ({ stack }) => stack === 'schedules',
)
const failedRuns = { 'Fn::GetAtt': [queue?.id, 'Arn'] }
const rates = new Map([
  [1, 'rate(1 minute)'],
  [5, 'rate(5 minutes)'],
  [60, 'rate(1 hour)'],
  [24 * 60, 'rate(1 day)'],
])
const lambdaMaxMinutes = { timeout: 15, eventAge: 6 * 60 }

describe.each(Object.entries(schedules))('%s', (name, { everyMinutes }) => {
  const handler = resourcesOf(templates, 'AWS::Lambda::Function').find(({ id }) =>
    id.toLowerCase().startsWith(name.replaceAll('-', '')),
  )
  const arn = { 'Fn::GetAtt': [handler?.id, 'Arn'] }

  test(`is started every ${everyMinutes} min by one schedule, retried once and not when stale`, () => {
    const found = resourcesOf(templates, 'AWS::Scheduler::Schedule')
      .map(({ body }) => body.Properties)
      .filter(({ Target }) => JSON.stringify(Target).includes(`"${handler?.id}"`))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      ScheduleExpression: rates.get(everyMinutes),
      State: 'ENABLED',
      Target: {
        Arn: arn,
        DeadLetterConfig: { Arn: failedRuns },
        RetryPolicy: { MaximumEventAgeInSeconds: everyMinutes * 60, MaximumRetryAttempts: 1 },
      },
    })
  })

  test('ends with its period or when Lambda stops it, and a failed run in the queue', () => {
    const { timeout, eventAge } = lambdaMaxMinutes
    expect(handler?.body.Properties.Timeout).toBe(Math.min(everyMinutes, timeout) * 60)
    const invoked = resourcesOf(templates, 'AWS::Lambda::EventInvokeConfig')
      .map(({ body }) => body.Properties)
      .filter(({ FunctionName }) => JSON.stringify(FunctionName).includes(`"${handler?.id}"`))
    expect(invoked).toEqual([
      {
        FunctionName: { Ref: handler?.id },
        Qualifier: '$LATEST',
        MaximumEventAgeInSeconds: Math.min(everyMinutes, eventAge) * 60,
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: failedRuns } },
      },
    ])
  })
})

describe('the Schedules stack', () => {
  test('has one schedule per name and no other', () => {
    const count = Object.keys(schedules).length
    expect(resourcesOf(templates, 'AWS::Scheduler::Schedule')).toHaveLength(count)
    expect(resourcesOf(templates, 'AWS::Events::Rule')).toHaveLength(0)
  })

  test('has one queue for failed runs: standard, encrypted, kept 14 days', () => {
    const queues = resourcesOf(templates, 'AWS::SQS::Queue')
    expect(queues.filter(({ stack }) => stack === 'schedules')).toHaveLength(1)
    expect(queue?.body.Properties).toMatchObject({
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 24 * 3600,
    })
    expect(queue?.body.Properties).not.toHaveProperty('FifoQueue')
  })

  test('lets Scheduler take a role only on behalf of its own group', () => {
    const group = resourcesOf(templates, 'AWS::Scheduler::ScheduleGroup')[0]
    const roles = resourcesOf(templates, 'AWS::IAM::Role').filter(({ body }) =>
      JSON.stringify(body.Properties).includes('scheduler.amazonaws.com'),
    )
    expect(roles).toHaveLength(Object.keys(schedules).length)
    for (const { body } of roles) {
      expect(body.Properties.AssumeRolePolicyDocument).toMatchObject({
        Statement: [
          {
            Condition: {
              StringEquals: {
                'aws:SourceAccount': { Ref: 'AWS::AccountId' },
                'aws:SourceArn': { 'Fn::GetAtt': [group?.id, 'Arn'] },
              },
            },
          },
        ],
      })
    }
  })
})
