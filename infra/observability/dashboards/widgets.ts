/** The few kinds of graphs that all dashboards are made of, so that they read alike. */
import { Duration } from 'aws-cdk-lib'
import {
  GraphWidget,
  type IMetric,
  type IWidget,
  LegendPosition,
  Metric,
  SingleValueWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { DeployedTable } from '../../constructs/b3iq-tables.ts'
import type { ObservedFunction } from '../observed.ts'

export type Rows = readonly (readonly IWidget[])[]

type Graph = {
  readonly unit?: string
  /** Drawn as a line that must not be reached. */
  readonly limit?: { readonly value: number; readonly label: string }
}

const gridColumns = 24

/** One row of graphs of the same width. */
export function graphs(
  ...titled: readonly (readonly [title: string, metrics: readonly IMetric[], graph?: Graph])[]
): readonly IWidget[] {
  return titled.map(
    ([title, left, { unit, limit } = {}]) =>
      new GraphWidget({
        title,
        left: [...left],
        width: gridColumns / titled.length,
        height: 6,
        legendPosition: LegendPosition.BOTTOM,
        leftYAxis: { min: 0, showUnits: false, ...(unit === undefined ? {} : { label: unit }) },
        ...(limit === undefined ? {} : { leftAnnotations: [limit] }),
      }),
  )
}

/** What the reader should know first, in Markdown. */
export function note(markdown: string): readonly IWidget[] {
  return [new TextWidget({ markdown, width: gridColumns, height: 2 })]
}

export function numbers(title: string, metrics: readonly IMetric[]): readonly IWidget[] {
  return [
    new SingleValueWidget({
      title,
      metrics: [...metrics],
      width: gridColumns,
      height: 4,
      setPeriodToTimeRange: true,
    }),
  ]
}

/** Calls, crashes, throttles and the time that one call in twenty takes. */
export function functionGraphs(name: string, lambda: ObservedFunction): readonly IWidget[] {
  return graphs(
    [
      `${name}: invocations`,
      [
        lambda.metricInvocations({ label: 'all' }),
        lambda.metricErrors({ label: 'crashed or timed out' }),
        lambda.metricThrottles({ label: 'throttled' }),
      ],
    ],
    [
      `${name}: duration`,
      [
        lambda.metricDuration({ statistic: Stats.p(50), label: 'p50' }),
        lambda.metricDuration({ statistic: Stats.p(95), label: 'p95' }),
      ],
      { unit: 'ms' },
    ],
  )
}

export function tableSum(
  { tableName }: DeployedTable,
  metricName: string,
  label: string,
  period = Duration.minutes(5),
): Metric {
  return new Metric({
    namespace: 'AWS/DynamoDB',
    metricName,
    dimensionsMap: { TableName: tableName },
    statistic: Stats.SUM,
    label,
    period,
  })
}
