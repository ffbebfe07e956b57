/** What wakes somebody up. */
import { type App, CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { metrics } from '../../src/names.ts'
import type { StageConfig } from '../config.ts'
import type { StreamMetrics } from './streams.ts'

export class ObservabilityStack extends Stack {
  constructor(scope: App, id: string, { stage }: StageConfig, streams: StreamMetrics) {
    super(scope, id, { description: 'B3IQ: alarms' })
    // Not encrypted with a key of its own: messages carry the name of an alarm and no customer's
    // data, and CloudWatch cannot publish through the key that AWS makes for topics.
    const topic = new Topic(this, 'Alarms', { enforceSSL: true })
    // The policy of enforceSSL replaces the one that would let the account's alarms in.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    )
    const alarm = new Alarm(this, 'LedgerDiscrepancies', {
      alarmDescription:
        'The ledger’s audit found a discrepancy, or did not run for two hours. ' +
        'Runbook: docs/runbooks/ledger-discrepancy.md',
      metric: new Metric({
        namespace: metrics.namespace,
        metricName: metrics.ledgerDiscrepancies,
        dimensionsMap: { [metrics.stageDimension]: stage },
        statistic: Stats.SUM,
        // The audit publishes a number every hour, give or take: any two hours hold at least one. A
        // discrepancy alarms as soon as it is counted, not when the two hours are over.
        period: Duration.hours(2),
      }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      // No number means that nobody looks at the ledger, which must not look like a ledger in order.
      treatMissingData: TreatMissingData.BREACHING,
    })
    const poolAge = new Alarm(this, 'PoolAge', {
      alarmDescription:
        'The pools that requests are routed by are older than 120 s, or nobody looks at their age. ' +
        'Runbook: docs/runbooks/pool-age.md',
      metric: new Metric({
        namespace: metrics.namespace,
        metricName: metrics.poolAgeSeconds,
        dimensionsMap: { [metrics.stageDimension]: stage },
        statistic: Stats.MAXIMUM,
        // Published every minute by a schedule that does not build the pools: any three minutes
        // hold at least one number, unless no schedule runs.
        period: Duration.minutes(3),
      }),
      threshold: 120,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.BREACHING,
    })
    const spendWaits = new Alarm(this, 'SpendBehind', {
      alarmDescription:
        'Receipts have waited ten minutes to be counted into the sums of spend. ' +
        'Runbook: docs/runbooks/spend-behind.md',
      metric: streams.receiptsWait,
      threshold: Duration.minutes(10).toMilliseconds(),
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      // No receipts, nothing to wait for. A function that does not run looks the same; an alarm on its
      // runs would wake somebody for every idle hour, so the runbook says where that shows.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    const spendGivenUp = new Alarm(this, 'SpendGivenUp', {
      alarmDescription:
        'Receipts were given up on: they are missing in the sums of spend. ' +
        'Runbook: docs/runbooks/spend-behind.md',
      metric: streams.receiptsGivenUp,
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    for (const one of [alarm, poolAge, spendWaits, spendGivenUp]) {
      one.addAlarmAction(new SnsAction(topic))
      one.addOkAction(new SnsAction(topic))
    }
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn })
  }
}
