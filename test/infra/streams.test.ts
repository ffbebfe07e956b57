import { describe, expect, test } from 'vitest'
import { resourcesOf, stageConfig, synthesize } from './synthesize.ts'

const templates = synthesize(stageConfig('dev'))
const [mapping, ...others] = resourcesOf(templates, 'AWS::Lambda::EventSourceMapping')
const [queue] = resourcesOf({ streams: templates.streams }, 'AWS::SQS::Queue')
const alarms = resourcesOf(templates, 'AWS::CloudWatch::Alarm')
const alarmOf = (name: string) => alarms.find(({ id }) => id.startsWith(name))?.body.Properties

describe('the stream of the receipts', () => {
  test('is the only one, and brings the decisions alone', () => {
    expect(others).toEqual([])
    const { FilterCriteria, EventSourceArn } = mapping?.body.Properties ?? {}
    expect(JSON.stringify(EventSourceArn)).toMatch(/TablesReceipts[0-9A-F]{8}StreamArn/)
    expect(FilterCriteria).toEqual({
      Filters: [
        {
          Pattern: JSON.stringify({
            eventName: ['INSERT'],
            dynamodb: { NewImage: { receiptHash: { S: [{ exists: true }] } } },
          }),
        },
      ],
    })
  })

  test('comes in batches, is tried again within bounds, and ends in a queue', () => {
    expect(mapping?.body.Properties).toMatchObject({
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 5,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      StartingPosition: 'TRIM_HORIZON',
      MaximumRetryAttempts: 20,
      MaximumRecordAgeInSeconds: 20 * 3600,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [queue?.id, 'Arn'] } } },
    })
  })
})

describe('the sums of spend', () => {
  test('alarm when receipts have waited ten minutes', () => {
    expect(alarmOf('SpendBehind')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'IteratorAge',
      Statistic: 'Maximum',
      Threshold: 600_000,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    })
  })

  test('alarm at the first batch that was given up', () => {
    expect(alarmOf('SpendGivenUp')).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    })
  })
})
