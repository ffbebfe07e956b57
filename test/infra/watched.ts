/** Alarms and dashboards of synthesized templates, read back as what they watch. */
import type { Template } from 'aws-cdk-lib/assertions'
import * as z from 'zod'
import type { StageConfig } from '../../infra/config.ts'
import { resourcesOf } from './synthesize.ts'

/** A stage without what may be left out: the gateway as a Web Function, and no dashboards. */
export const lean = (config: StageConfig): StageConfig => ({
  ...config,
  dashboards: false,
  gateway: { ...config.gateway, compute: 'web' },
})

export type WatchedMetric = {
  readonly namespace: string
  readonly name: string
  /** Values are literals, or JSON of what CloudFormation will put there. */
  readonly dimensions: Readonly<Record<string, string>>
}

export type Watch = {
  readonly id: string
  readonly metrics: readonly WatchedMetric[]
  readonly expressions: readonly string[]
}

export type WatchingAlarm = Watch & {
  readonly threshold: number
  readonly description: string
  /** Spans over which its metrics are read; none for an alarm on one metric without an expression. */
  readonly periodsSec: readonly number[]
  /** Of the only expression; ids as they stand there. */
  readonly metricOf: Readonly<Record<string, string>>
}

const Dimensions = z.array(z.object({ Name: z.string(), Value: z.json() })).default([])
const MetricFields = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions,
})
const MetricQuery = z.object({
  Id: z.string(),
  Expression: z.string().optional(),
  MetricStat: z.object({ Metric: MetricFields, Period: z.number() }).optional(),
})
const AlarmProperties = z.object({
  AlarmDescription: z.string(),
  Threshold: z.number(),
  Metrics: z.array(MetricQuery).optional(),
  Namespace: z.string().optional(),
  MetricName: z.string().optional(),
  Dimensions,
})

export function alarmsOf(templates: Readonly<Record<string, Template>>): readonly WatchingAlarm[] {
  return resourcesOf(templates, 'AWS::CloudWatch::Alarm').map(({ id, body }) => {
    const alarm = AlarmProperties.parse(body.Properties)
    const queries = alarm.Metrics ?? []
    const plain = alarm.MetricName === undefined ? [] : [watched(MetricFields.parse(alarm))]
    return {
      id,
      threshold: alarm.Threshold,
      description: alarm.AlarmDescription,
      metrics: [
        ...plain,
        ...queries.flatMap(({ MetricStat }) => (MetricStat ? [watched(MetricStat.Metric)] : [])),
      ],
      periodsSec: queries.flatMap(({ MetricStat }) => MetricStat?.Period ?? []),
      expressions: queries.flatMap(({ Expression }) => Expression ?? []),
      metricOf: Object.fromEntries(
        queries.flatMap(({ Id, MetricStat }) =>
          MetricStat ? [[Id, MetricStat.Metric.MetricName]] : [],
        ),
      ),
    }
  })
}

function watched({ Namespace, MetricName, Dimensions }: z.infer<typeof MetricFields>) {
  const dimensions = Dimensions.map(({ Name, Value }) => [
    Name,
    typeof Value === 'string' ? Value : JSON.stringify(Value),
  ])
  return { namespace: Namespace, name: MetricName, dimensions: Object.fromEntries(dimensions) }
}

const Joined = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.json())]) })
const WidgetMetric = z.array(z.json())
const DashboardBody = z.object({
  widgets: z.array(
    z.object({
      type: z.string(),
      properties: z.looseObject({ metrics: z.array(WidgetMetric).default([]) }),
    }),
  ),
})
const Options = z.looseObject({ expression: z.string().optional() })

export function dashboardsOf(templates: Readonly<Record<string, Template>>): readonly Watch[] {
  return resourcesOf(templates, 'AWS::CloudWatch::Dashboard').map(({ id, body }) => {
    const { 'Fn::Join': parts } = Joined.parse(body.Properties.DashboardBody)
    // What CloudFormation fills in stands inside quotes: its own JSON does as well, escaped once.
    const text = parts[1]
      .map((part) =>
        typeof part === 'string' ? part : JSON.stringify(JSON.stringify(part)).slice(1, -1),
      )
      .join('')
    const rows = DashboardBody.parse(JSON.parse(text)).widgets.flatMap(
      ({ properties }) => properties.metrics,
    )
    const entries = rowsInFull(rows)
    return {
      id,
      metrics: entries.flatMap(({ metric }) => metric ?? []),
      expressions: entries.flatMap(({ expression }) => expression ?? []),
    }
  })
}

type Entry = { readonly metric?: WatchedMetric; readonly expression?: string }

function rowsInFull(rows: readonly (readonly unknown[])[]): readonly Entry[] {
  return rows.map((row) => {
    const { expression } = Options.parse(typeof row.at(-1) === 'object' ? row.at(-1) : {})
    if (expression !== undefined) return { expression }
    const words = z.array(z.string()).parse(row.filter((one) => typeof one !== 'object'))
    const [namespace = '', name = '', ...dimensions] = words
    const pairs = Array.from({ length: dimensions.length / 2 }, (_, index) => [
      dimensions[index * 2],
      dimensions[index * 2 + 1],
    ])
    return { metric: { namespace, name, dimensions: Object.fromEntries(pairs) } }
  })
}
