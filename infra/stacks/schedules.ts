/** The work that nobody calls for: one scheduled handler per entry of `schedules`. */
import { type App, CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { scheduleNames } from '../../src/names.ts'
import { acknowledged } from '../checks.ts'
import type { StageConfig } from '../config.ts'
import type { DeployedTables } from '../constructs/b3iq-tables.ts'
import { ScheduledHandler } from '../constructs/schedule.ts'
import type { Observed } from '../observability/observed.ts'

export class SchedulesStack extends Stack {
  readonly observed: Observed['schedules']

  constructor(scope: App, id: string, config: StageConfig, tables: DeployedTables) {
    super(scope, id, {
      description: 'B3IQ: sweeps, probes, benchmarks, accrual, payouts and the audit',
    })
    // An own group: Scheduler's metrics are per group. It holds no data, and kept after the stack it
    // would stand in the way of the next one by its name.
    const group = new ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY })
    const failedRuns = new Queue(this, 'FailedRuns', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    Validations.of(failedRuns).acknowledge(
      acknowledged.deadLetterQueue,
      acknowledged.deadLetterQueueRedrive,
    )
    const handlers = scheduleNames.map((name) => {
      const props = { config, tables, name, group, failedRuns }
      return [name, new ScheduledHandler(this, pascalCase(name), props).lambda] as const
    })
    new CfnOutput(this, 'FailedRunsUrl', { value: failedRuns.queueUrl })
    this.observed = {
      handlers: new Map(handlers),
      failedRuns: failedRuns.metricApproximateNumberOfMessagesVisible({
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(5),
      }),
    }
  }
}

function pascalCase(kebab: string): string {
  return kebab.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
