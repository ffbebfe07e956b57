/** The work that changes in a table start: the receipts' stream is counted into the sums of spend. */
import { type App, CfnOutput, Duration, Stack, Validations } from 'aws-cdk-lib'
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import {
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda'
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { acknowledged } from '../checks.ts'
import type { StageConfig } from '../config.ts'
import type { DeployedTables } from '../constructs/b3iq-tables.ts'
import { NodeFunction } from '../constructs/node-function.ts'
import type { ObservedFunction } from '../observability/observed.ts'

const timeout = Duration.minutes(1)

/** What alarms watch of it. */
export type StreamMetrics = {
  /** How long the oldest receipt has waited, in milliseconds. */
  readonly receiptsWait: IMetric
  /** Batches that no try could count. */
  readonly receiptsGivenUp: IMetric
}

export class StreamsStack extends Stack {
  readonly metrics: StreamMetrics
  readonly rollUpSpend: ObservedFunction

  constructor(scope: App, id: string, config: StageConfig, tables: DeployedTables) {
    super(scope, id, { description: 'B3IQ: sums of spend from the stream of the receipts' })
    const rollUp = new NodeFunction(this, 'RollUpSpend', {
      config,
      tables,
      principal: 'roll-up-spend',
      entry: 'functions/streams/roll-up-spend.ts',
      timeout,
      memoryMb: config.schedules.memoryMb,
      readsSecrets: false,
    })
    const { lambda, role } = rollUp
    const givenUp = new Queue(this, 'ReceiptsGivenUp', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    Validations.of(givenUp).acknowledge(
      acknowledged.deadLetterQueue,
      acknowledged.deadLetterQueueRedrive,
    )
    const eventSourceArn = streamArnOf(tables)
    const reading = new PolicyStatement({
      actions: ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
        (action) => `dynamodb:${action}`,
      ),
      resources: [eventSourceArn],
    })
    role.addToPolicy(reading)
    const mapping = new EventSourceMapping(this, 'Receipts', {
      target: lambda,
      eventSourceArn,
      // A mapping that is made anew counts nothing twice: what was counted is known.
      startingPosition: StartingPosition.TRIM_HORIZON,
      // Receipts that share sums cost less the more of them come at once.
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(5),
      // Decisions are put once and never changed; nothing else in this table is to be counted.
      filters: [
        FilterCriteria.filter({
          eventName: FilterRule.isEqual('INSERT'),
          dynamodb: { NewImage: { receiptHash: { S: FilterRule.exists() } } },
        }),
      ],
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      // A stream keeps a day. What is given up sooner is in a queue while it can still be looked at.
      retryAttempts: 20,
      maxRecordAge: Duration.hours(20),
      onFailure: new SqsDlq(givenUp),
    })
    // Lambda checks at creation that the role may read the stream.
    mapping.node.addDependency(role)
    Validations.of(rollUp).acknowledge(acknowledged.failureDestination)
    new CfnOutput(this, 'RollUpSpendName', { value: lambda.functionName })
    new CfnOutput(this, 'ReceiptsGivenUpUrl', { value: givenUp.queueUrl })
    this.rollUpSpend = lambda
    this.metrics = {
      receiptsWait: lambda.metric('IteratorAge', {
        statistic: 'Maximum',
        period: Duration.minutes(5),
      }),
      receiptsGivenUp: givenUp.metricApproximateNumberOfMessagesVisible({
        statistic: 'Maximum',
        period: Duration.minutes(5),
      }),
    }
  }
}

function streamArnOf({ receipts }: DeployedTables): string {
  if (receipts.tableStreamArn === undefined) throw new Error('The receipts have no stream.')
  return receipts.tableStreamArn
}
