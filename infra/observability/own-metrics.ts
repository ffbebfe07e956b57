/** The metrics that our own code publishes, as infrastructure reads them: one dimension, the stage. */
import { Duration } from 'aws-cdk-lib'
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { type MetricName, metrics } from '../../src/names.ts'

type Read = { readonly statistic: string; readonly period?: Duration }

export function ownMetric(stage: string, metricName: MetricName, read: Read): Metric {
  return new Metric({
    namespace: metrics.namespace,
    metricName,
    dimensionsMap: { [metrics.stageDimension]: stage },
    period: Duration.minutes(5),
    ...read,
  })
}

export function ownSum(stage: string, name: MetricName, period?: Duration): Metric {
  return ownMetric(stage, name, { statistic: Stats.SUM, ...(period && { period }) })
}

/**
 * The metric with `value` where nothing was published. An alarm on gaps would go on judging the last number
 * before them, for several periods: late where silence is bad news, and too long where it is none.
 */
export function filled(metric: Metric, value: number): MathExpression {
  return new MathExpression({
    label: metric.metricName,
    period: metric.period,
    expression: `FILL(published, ${value})`,
    usingMetrics: { published: metric },
  })
}
