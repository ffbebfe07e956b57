import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { prices } from '../../infra/observability/prices.ts'
import { metricNames, metrics } from '../../src/names.ts'
import { evaluate } from './metric-math.ts'
import { resourcesOf, stageConfig, synthesize } from './synthesize.ts'
import { alarmsOf, dashboardsOf, lean, type WatchedMetric } from './watched.ts'

const config = stageConfig('dev')
const templates = synthesize(config)
const dashboards = dashboardsOf(templates)
const watched = [...alarmsOf(templates), ...dashboards].flatMap((one) => one.metrics)

describe('what is watched', () => {
  test('of our own are names that code publishes, of this stage', () => {
    const own = watched.filter(({ namespace }) => !namespace.startsWith('AWS/'))
    const published: readonly string[] = metricNames
    for (const { namespace, name, dimensions } of own) {
      expect(namespace).toBe(metrics.namespace)
      expect(published).toContain(name)
      expect(dimensions).toEqual({ [metrics.stageDimension]: 'dev' })
    }
  })

  test('is every name that code publishes', () => {
    const names = new Set(watched.map(({ name }) => name))
    expect(metricNames.filter((name) => !names.has(name))).toEqual([])
  })

  test('of AWS belongs to a resource of the stage, of the kind that has such metrics', () => {
    const kindOf = new Map([
      ['AWS/Lambda', 'AWS::Lambda::Function'],
      ['AWS/SQS', 'AWS::SQS::Queue'],
      ['AWS/DynamoDB', 'AWS::DynamoDB::GlobalTable'],
    ])
    const ofAws = watched.filter(({ namespace }) => namespace.startsWith('AWS/'))
    expect(ofAws.length).toBeGreaterThan(0)
    for (const metric of ofAws) expect(resourceOf(metric)).toBe(kindOf.get(metric.namespace))
  })
})

const Output = z.object({
  'Fn::GetStackOutput': z.object({ StackName: z.string(), OutputName: z.string() }),
})
const Value = z.union([
  z.object({ Ref: z.string() }).transform(({ Ref }) => Ref),
  z
    .object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) })
    .transform((attribute) => attribute['Fn::GetAtt'][0]),
])

/** The type of the resource that the metric's only dimension names, through the output of its stack. */
function resourceOf({ dimensions }: WatchedMetric): string | undefined {
  const [[, value = ''] = []] = Object.entries(dimensions)
  const { StackName, OutputName } = Output.parse(JSON.parse(value))['Fn::GetStackOutput']
  const stack = StackName.replace('B3iq-dev-', '').toLowerCase()
  const template = Object.entries(templates)
    .find(([name]) => name === stack)?.[1]
    .toJSON()
  const id = Value.parse(template?.Outputs[OutputName].Value)
  return template?.Resources[id].Type
}

describe('dashboards', () => {
  test('are one per audience, each with no more metrics than AWS shows for nothing', () => {
    const ids = dashboards.map(({ id }) => id.replace(/[0-9A-F]{8}$/, ''))
    expect(ids).toEqual(['Customers', 'Money', 'Fleet', 'Cost'])
    for (const { metrics: shown } of dashboards) expect(shown.length).toBeLessThanOrEqual(50)
  })

  test('are left out where the stage says so, and alarms are not', () => {
    const without = synthesize(lean(config))
    expect(resourcesOf(without, 'AWS::CloudWatch::Dashboard')).toEqual([])
    expect(alarmsOf(without)).not.toEqual([])
  })
})

describe('the cost of a day', () => {
  const expressions = dashboards.find(({ id }) => id.startsWith('Cost'))?.expressions ?? []
  const expressionOf = (id: string) => expressions.find((one) => one.includes(`${id},`)) ?? ''

  test('of a function is what it ran and how often, at the list price', () => {
    const hourOfOneCall = { ms_gateway: 3_600_000, calls_gateway: 1 }
    const usd = 3_600 * (512 / 1024) * Number(prices.lambdaGbSecond.amountUsd) + 0.0000002
    expect(evaluate(expressionOf('ms_gateway'), hourOfOneCall)).toBeCloseTo(usd, 9)
  })

  test('of a table is what it wrote and read', () => {
    const values = { writebalances: 1_000_000, readbalances: 2_000_000 }
    expect(evaluate(expressionOf('writebalances'), values)).toBeCloseTo(0.625 + 0.25, 9)
  })

  test('is 0 where nothing happened', () => {
    const nothing = { ms_gateway: undefined, calls_gateway: undefined }
    expect(evaluate(expressionOf('ms_gateway'), nothing)).toBe(0)
  })

  test('counts every function and table of the stage, but for the first operator’s', () => {
    const functions = resourcesOf(templates, 'AWS::Lambda::Function')
      .map(({ id }) => id)
      .filter((id) => !/^(Bootstrap|CustomS3|CustomVpc)/.test(id))
    const tables = resourcesOf(templates, 'AWS::DynamoDB::GlobalTable')
    expect(expressions).toHaveLength(functions.length + tables.length)
  })
})

test('every price is an exact decimal with a source', () => {
  for (const { amountUsd, source } of Object.values(prices)) {
    expect(amountUsd).toMatch(/^\d+(\.\d+)?$/)
    expect(source.url).toMatch(/^https:\/\//)
    expect(source.asOf).toMatch(/^20\d\d-\d\d$/)
  }
})
