import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { metrics } from '../../src/names.ts'
import { resourcesOf, stageConfig, synthesize } from './synthesize.ts'

const templates = synthesize(stageConfig('dev'))
const alarms = resourcesOf(templates, 'AWS::CloudWatch::Alarm')
const topics = resourcesOf(templates, 'AWS::SNS::Topic')

describe.each(alarms)('the alarm $id', ({ body: { Properties } }) => {
  test('names a runbook that is there', () => {
    const [, runbook] =
      /(docs\/runbooks\/[a-z-]+\.md)/.exec(String(Properties.AlarmDescription)) ?? []
    expect(runbook).toBeDefined()
    expect(existsSync(new URL(`../../${runbook}`, import.meta.url))).toBe(true)
  })

  test('tells the topic when it begins and when it ends', () => {
    const [topic] = topics
    expect(Properties.AlarmActions).toEqual([{ Ref: topic?.id }])
    expect(Properties.OKActions).toEqual([{ Ref: topic?.id }])
  })
})

describe('the ledger', () => {
  test('alarms at one discrepancy, and when no audit has told a number', () => {
    const alarm = alarms.find(({ id }) => id.startsWith('LedgerDiscrepancies'))
    expect(alarm?.body.Properties).toMatchObject({
      Namespace: metrics.namespace,
      MetricName: metrics.ledgerDiscrepancies,
      Dimensions: [{ Name: metrics.stageDimension, Value: 'dev' }],
      Statistic: 'Sum',
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 1,
      TreatMissingData: 'breaching',
    })
  })
})

describe('the pools', () => {
  test('alarm when they are older than two minutes, and when nobody tells their age', () => {
    const alarm = alarms.find(({ id }) => id.startsWith('PoolAge'))
    expect(alarm?.body.Properties).toMatchObject({
      Namespace: metrics.namespace,
      MetricName: metrics.poolAgeSeconds,
      Dimensions: [{ Name: metrics.stageDimension, Value: 'dev' }],
      Statistic: 'Maximum',
      Threshold: 120,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1,
      Period: 180,
      TreatMissingData: 'breaching',
    })
  })
})

test('the topic takes messages of this account’s alarms, over TLS alone', () => {
  const [policy] = resourcesOf(templates, 'AWS::SNS::TopicPolicy')
  expect(policy?.body.Properties.PolicyDocument).toMatchObject({
    Statement: [
      { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      {
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ],
  })
})
