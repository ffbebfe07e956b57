/**
 * What wakes somebody, one row each. Every metric of an alarm costs $0.10 a month, so causes that show in
 * another alarm are on a dashboard instead; docs/observability.md says which.
 */
import { Duration } from 'aws-cdk-lib'
import {
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { metrics, objectives } from '../../src/names.ts'
import type { Observed, ObservedFunction } from './observed.ts'
import { filled, ownMetric, ownSum } from './own-metrics.ts'

export type AlarmRow = {
  /** Construct id; renaming one makes a new alarm. */
  readonly name: string
  readonly says: string
  /** File name under docs/runbooks, without `.md`. */
  readonly runbook: string
  readonly metric: IMetric
  /** Alarms from this value on. */
  readonly atLeast: number
  /** @default 1 of 1: the metric's period is the window */
  readonly datapoints?: { readonly breaching: number; readonly of: number }
  /** Whether silence is bad news. For a metric that was never published: later gaps are filled. */
  readonly alarmsWithoutData: boolean
  /** For percentiles: too few numbers to tell leave the alarm as it was. */
  readonly ignoresFewSamples?: true
}

export function alarmRows(observed: Observed): readonly AlarmRow[] {
  const { stage } = observed.config
  return [
    ...gatewayRows(observed.gateway.lambda),
    throttlesRow(observed),
    ...moneyRows(observed),
    ...fleetRows(observed),
    {
      name: 'FailedRuns',
      says: 'A run of a schedule could not be started, or failed.',
      runbook: 'failed-runs',
      metric: observed.schedules.failedRuns,
      atLeast: 1,
      alarmsWithoutData: false,
    },
    {
      name: 'ScheduleStepsFailed',
      says: 'Steps of scheduled work fail again and again while the rest of their runs goes on.',
      runbook: 'failed-runs',
      // Three in three hours: one that fails hourly is found, one that failed once is not.
      metric: filled(ownSum(stage, metrics.scheduleStepsFailed, Duration.hours(3)), 0),
      atLeast: 3,
      alarmsWithoutData: false,
    },
  ]
}

/** The gateway counts its own failures; these are the ones that it did not live to count. */
function gatewayRows(lambda: ObservedFunction | undefined): readonly AlarmRow[] {
  if (lambda === undefined) return []
  if (lambda.timeout === undefined) throw new Error('The gateway has no timeout.')
  return [
    {
      name: 'GatewayErrors',
      says: 'Invocations of the gateway crash or time out, which its own metrics do not count.',
      runbook: 'gateway-errors',
      metric: filled(
        lambda.metricErrors({ statistic: Stats.SUM, period: Duration.minutes(15) }),
        0,
      ),
      atLeast: 3,
      alarmsWithoutData: false,
    },
    {
      name: 'GatewaySlow',
      says: 'One in twenty invocations of the gateway takes 80 % of its timeout, or more.',
      runbook: 'gateway-slow',
      metric: lambda.metricDuration({ statistic: Stats.p(95), period: Duration.minutes(15) }),
      atLeast: lambda.timeout.toMilliseconds() * 0.8,
      alarmsWithoutData: false,
      ignoresFewSamples: true,
    },
  ]
}

/** Without admin: an operator who is turned away sees it. */
function throttlesRow({ gateway, ingest }: Observed): AlarmRow {
  const functions = { gateway: gateway.lambda, ingest }
  const usingMetrics = Object.fromEntries(
    Object.entries(functions).flatMap(([name, lambda]) =>
      lambda === undefined ? [] : [[name, lambda.metricThrottles({ statistic: Stats.SUM })]],
    ),
  )
  return {
    name: 'Throttles',
    says: 'Lambda turns callers of the gateway or of ingest away.',
    runbook: 'throttles',
    metric: new MathExpression({
      label: 'throttled invocations',
      period: Duration.minutes(5),
      expression: Object.keys(usingMetrics)
        .map((name) => `FILL(${name}, 0)`)
        .join(' + '),
      usingMetrics,
    }),
    atLeast: 1,
    // A burst that outruns Lambda's scaling is over within minutes, and clients try again.
    datapoints: { breaching: 2, of: 3 },
    alarmsWithoutData: false,
  }
}

function moneyRows({ config: { stage }, tables, streams }: Observed): readonly AlarmRow[] {
  return [
    {
      name: 'LedgerDiscrepancies',
      says: 'The ledger’s audit found a discrepancy, or did not run for two hours.',
      runbook: 'ledger-discrepancy',
      // The audit publishes a number every hour, give or take, so two hours without one are too many. A
      // discrepancy alarms as soon as it is counted, not when the two hours are over.
      metric: filled(ownSum(stage, metrics.ledgerDiscrepancies, Duration.hours(2)), 1),
      atLeast: 1,
      // No number means that nobody looks at the ledger, which must not look like a ledger in order.
      alarmsWithoutData: true,
    },
    {
      name: 'SweepBehind',
      says: 'Holds wait for more than ten minutes past their lease to be ended, or nobody ends them.',
      runbook: 'sweep-behind',
      metric: filled(
        ownMetric(stage, metrics.sweepBehindSeconds, { statistic: Stats.MAXIMUM }),
        objectives.sweepBehindSeconds,
      ),
      atLeast: objectives.sweepBehindSeconds,
      alarmsWithoutData: true,
    },
    {
      name: 'BalancesThrottled',
      says: 'DynamoDB refuses writes to the balances.',
      runbook: 'balances-throttled',
      // Published only where there are some: unfilled, the alarm would stay in whatever state it is.
      metric: filled(
        new Metric({
          namespace: 'AWS/DynamoDB',
          metricName: 'WriteThrottleEvents',
          dimensionsMap: { TableName: tables.balances.tableName },
          statistic: Stats.SUM,
          period: Duration.minutes(5),
        }),
        0,
      ),
      atLeast: 1,
      datapoints: { breaching: 2, of: 3 },
      alarmsWithoutData: false,
    },
    {
      name: 'SpendBehind',
      says: 'Receipts have waited ten minutes to be counted into the sums of spend.',
      runbook: 'spend-behind',
      metric: streams.metrics.receiptsWait,
      atLeast: Duration.minutes(10).toMilliseconds(),
      // No receipts, nothing to wait for. A function that does not run looks the same; an alarm on its
      // runs would wake somebody for every idle hour, so the runbook says where that shows.
      alarmsWithoutData: false,
    },
    {
      name: 'SpendGivenUp',
      says: 'Receipts were given up on: they are missing in the sums of spend.',
      runbook: 'spend-behind',
      metric: streams.metrics.receiptsGivenUp,
      atLeast: 1,
      alarmsWithoutData: false,
    },
  ]
}

function fleetRows({ config: { stage }, ingest }: Observed): readonly AlarmRow[] {
  return [
    {
      name: 'PoolAge',
      says: 'The pools that requests are routed by are too old, or nobody looks at their age.',
      runbook: 'pool-age',
      // Published every minute by a schedule that does not build the pools: three minutes
      // without a number mean that no schedule runs.
      metric: filled(
        ownMetric(stage, metrics.poolAgeSeconds, {
          statistic: Stats.MAXIMUM,
          period: Duration.minutes(3),
        }),
        objectives.poolAgeSeconds,
      ),
      atLeast: objectives.poolAgeSeconds,
      // An idle stage has one pass a minute: a single start that comes late makes one number too old.
      datapoints: { breaching: 2, of: 2 },
      alarmsWithoutData: true,
    },
    {
      name: 'IngestErrors',
      says: 'Ingest answers hosts with errors of ours: without their beats nothing can be routed to.',
      runbook: 'ingest-errors',
      // Not Lambda's errors: what our own surface answers with 500 is a good invocation to it.
      metric: filled(
        ingest.metric('Url5xxCount', { statistic: Stats.SUM, period: Duration.minutes(5) }),
        0,
      ),
      atLeast: 5,
      datapoints: { breaching: 3, of: 3 },
      alarmsWithoutData: false,
    },
    {
      name: 'FleetEmpty',
      says: 'Nodes that should serve beat, and no profile has been eligible for 15 minutes.',
      runbook: 'fleet-empty',
      metric: new MathExpression({
        label: 'nothing to route to',
        period: Duration.minutes(5),
        expression: 'IF(fresh > 0, IF(eligible < 1, 1, 0), 0)',
        usingMetrics: {
          fresh: ownMetric(stage, metrics.nodesFresh, { statistic: Stats.MINIMUM }),
          eligible: ownMetric(stage, metrics.profilesEligible, { statistic: Stats.MAXIMUM }),
        },
      }),
      atLeast: 1,
      datapoints: { breaching: 3, of: 3 },
      alarmsWithoutData: false,
    },
  ]
}

export function alarmPropsOf(row: AlarmRow): AlarmProps {
  const { breaching, of } = row.datapoints ?? { breaching: 1, of: 1 }
  return {
    alarmDescription: describe(row),
    metric: row.metric,
    threshold: row.atLeast,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: of,
    datapointsToAlarm: breaching,
    treatMissingData: row.alarmsWithoutData
      ? TreatMissingData.BREACHING
      : TreatMissingData.NOT_BREACHING,
    ...(row.ignoresFewSamples && { evaluateLowSampleCountPercentile: 'ignore' }),
  }
}

export function describe({ says, runbook }: Pick<AlarmRow, 'says' | 'runbook'>): string {
  return `${says} Runbook: docs/runbooks/${runbook}.md`
}
