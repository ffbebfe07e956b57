/**
 * What alarms, dashboards and queries look at, handed over by the stacks that deploy it: constructs and
 * never names, so that nothing is watched that is not there.
 */
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroupRef } from 'aws-cdk-lib/aws-logs'
import type { ScheduleName } from '../../src/names.ts'
import type { StageConfig } from '../config.ts'
import type { DeployedTables } from '../constructs/b3iq-tables.ts'
import type { StreamMetrics } from '../stacks/streams.ts'

export type ObservedFunction = Pick<
  LambdaFunction,
  | 'metric'
  | 'metricDuration'
  | 'metricErrors'
  | 'metricInvocations'
  | 'metricThrottles'
  | 'logGroup'
  | 'timeout'
>

export type ObservedGateway = {
  readonly logGroup: ILogGroupRef
  /** Undefined for a Web Function: AWS counts those elsewhere, and not by invocation. */
  readonly lambda: ObservedFunction | undefined
}

export type Observed = {
  readonly config: StageConfig
  readonly tables: DeployedTables
  readonly gateway: ObservedGateway
  readonly ingest: ObservedFunction
  readonly admin: ObservedFunction
  readonly schedules: {
    readonly handlers: ReadonlyMap<ScheduleName, ObservedFunction>
    /** How many runs were given up and wait in the queue. */
    readonly failedRuns: Metric
  }
  readonly streams: {
    readonly rollUpSpend: ObservedFunction
    readonly metrics: StreamMetrics
  }
}
