/** Counts in a stage's templates what is billed for being there. */
import * as z from 'zod'
import type { StageConfig } from '../../infra/config.ts'
import { metricNames } from '../../src/names.ts'
import { resourcesOf, synthesize } from '../../test/infra/synthesize.ts'
import type { Deployed } from './idle.ts'

const Alarm = z.looseObject({
  Metrics: z.array(z.looseObject({ MetricStat: z.unknown().optional() })).optional(),
})

export function deployedOf(
  config: StageConfig,
  templates: Parameters<typeof resourcesOf>[0] = synthesize(config),
): Deployed {
  const count = (type: string) => resourcesOf(templates, type).length
  return {
    alarmedMetrics: resourcesOf(templates, 'AWS::CloudWatch::Alarm')
      .map(({ body }) => metricsOf(body.Properties))
      .reduce((sum, one) => sum + one, 0),
    compositeAlarms: count('AWS::CloudWatch::CompositeAlarm'),
    dashboards: count('AWS::CloudWatch::Dashboard'),
    customMetrics: metricNames.length,
    schedulesMemoryMb: config.schedules.memoryMb,
    ingestMemoryMb: config.ingest.memoryMb,
    gatewayMemoryMb: config.gateway.memoryMb,
  }
}

/** An alarm over an expression is billed for each metric in it. */
function metricsOf(properties: unknown): number {
  const { Metrics } = Alarm.parse(properties)
  return Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1
}
