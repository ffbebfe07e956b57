/** The metrics that our own code publishes, as infrastructure reads them: one dimension, the stage. */
import { Duration } from 'aws-cdk-lib'
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { metrics } from '../../src/names.ts'

export type OwnMetricName = Exclude<
  (typeof metrics)[keyof typeof metrics],
  typeof metrics.namespace | typeof metrics.stageDimension
>

type Read = { readonly statistic: string; readonly period?: Duration }

export function ownMetric(stage: string, metricName: OwnMetricName, read: Read): Metric {
  return new Metric({
    namespace: metrics.namespace,
    metricName,
    dimensionsMap: { [metrics.stageDimension]: stage },
    period: Duration.minutes(5),
    ...read,
  })
}

export function ownSum(stage: string, name: OwnMetricName, period?: Duration): Metric {
  return ownMetric(stage, name, { statistic: Stats.SUM, ...(period && { period }) })
}

/** Every name, for whoever checks that none is left out. */
export const ownMetricNames = Object.values(metrics).filter(
  (name): name is OwnMetricName => name !== metrics.namespace && name !== metrics.stageDimension,
)
