import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ownMetricNames } from '../../infra/observability/own-metrics.ts'
import { metrics, objectives } from '../../src/names.ts'
import { evaluate } from './metric-math.ts'
import { resourcesOf, stageConfig, synthesize } from './synthesize.ts'
import { alarmsOf, lean } from './watched.ts'

const config = stageConfig('dev')
const templates = synthesize(config)
const alarms = resourcesOf(templates, 'AWS::CloudWatch::Alarm')
const telling = [
  ...alarms.filter(({ id }) => !id.startsWith('Burn')),
  ...resourcesOf(templates, 'AWS::CloudWatch::CompositeAlarm'),
]
const topics = resourcesOf(templates, 'AWS::SNS::Topic')
const propertiesOf = (name: string) => alarms.find(({ id }) => id.startsWith(name))?.body.Properties

const runbooksFolder = new URL('../../docs/runbooks/', import.meta.url)
const runbookOf = (description: unknown) =>
  /docs\/runbooks\/([a-z-]+\.md)/.exec(String(description))?.[1] ?? 'no runbook'

describe.each([...alarms, ...resourcesOf(templates, 'AWS::CloudWatch::CompositeAlarm')])(
  'the alarm $id',
  ({ body: { Properties } }) => {
    test('says what is wrong and names a runbook that is there', () => {
      expect(existsSync(new URL(runbookOf(Properties.AlarmDescription), runbooksFolder))).toBe(true)
      expect(String(Properties.AlarmDescription).length).toBeLessThanOrEqual(1_024)
    })
  },
)

test.each(telling)('$id tells the topic when it begins and when it ends', ({ body }) => {
  const [topic] = topics
  expect(body.Properties.AlarmActions).toEqual([{ Ref: topic?.id }])
  expect(body.Properties.OKActions).toEqual([{ Ref: topic?.id }])
})

test('every runbook is named by an alarm, or linked from one that is', () => {
  const named = telling.map(({ body }) => runbookOf(body.Properties.AlarmDescription))
  const linked = named.flatMap((name) =>
    [
      ...readFileSync(new URL(name, runbooksFolder), 'utf8').matchAll(/\]\(([a-z-]+\.md)[)#]/g),
    ].flatMap(([, link]) => link ?? []),
  )
  expect(new Set([...named, ...linked])).toEqual(new Set(readdirSync(runbooksFolder)))
})

const alarmedMetrics = alarmsOf(templates).flatMap((alarm) => alarm.metrics).length

test('alarms watch no more metrics than cost 2.50 USD a month', () => {
  expect(alarmedMetrics).toBeLessThanOrEqual(25)
})

const own = (name: string, statistic: string, periodSec: number) => ({
  Namespace: metrics.namespace,
  MetricName: name,
  Dimensions: [{ Name: metrics.stageDimension, Value: 'dev' }],
  Statistic: statistic,
  Period: periodSec,
})

describe('where silence is bad news', () => {
  test('the ledger alarms at one discrepancy, and when no audit has told a number', () => {
    expect(propertiesOf('LedgerDiscrepancies')).toMatchObject({
      ...own(metrics.ledgerDiscrepancies, 'Sum', 7_200),
      Threshold: 1,
      EvaluationPeriods: 1,
      TreatMissingData: 'breaching',
    })
  })

  test('the pools alarm when they are two minutes old, and when nobody tells their age', () => {
    expect(propertiesOf('PoolAge')).toMatchObject({
      ...own(metrics.poolAgeSeconds, 'Maximum', 180),
      Threshold: 120,
      EvaluationPeriods: 1,
      TreatMissingData: 'breaching',
    })
  })

  test('the sweep alarms when it is ten minutes behind, and when it does not run', () => {
    expect(propertiesOf('SweepBehind')).toMatchObject({
      ...own(metrics.sweepBehindSeconds, 'Maximum', 300),
      Threshold: 600,
      EvaluationPeriods: 1,
      TreatMissingData: 'breaching',
    })
  })

  test('nothing else does', () => {
    const silent = alarms
      .filter(({ body }) => body.Properties.TreatMissingData !== 'notBreaching')
      .map(({ id }) => id.replace(/[0-9A-F]{8}$/, ''))
    expect(silent).toEqual(['LedgerDiscrepancies', 'SweepBehind', 'PoolAge'])
  })
})

test.each([
  [{ fresh: 3, eligible: 0 }, 1],
  [{ fresh: 3, eligible: 2 }, 0],
  [{ fresh: 0, eligible: 0 }, 0],
])('with %o the fleet counts as empty: %i', (values, empty) => {
  const alarm = alarmsOf(templates).find(({ id }) => id.startsWith('FleetEmpty'))
  expect(alarm?.metricOf).toEqual({
    fresh: metrics.nodesFresh,
    eligible: metrics.profilesEligible,
  })
  expect(evaluate(alarm?.expressions[0] ?? '', values)).toBe(empty)
})

describe('the gateway', () => {
  test('alarms at three crashes in a quarter of an hour, which its own metrics do not count', () => {
    expect(propertiesOf('GatewayErrors')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Statistic: 'Sum',
      Period: 900,
      Threshold: 3,
    })
  })

  test('alarms where one in twenty invocations takes 80 % of its timeout', () => {
    expect(propertiesOf('GatewaySlow')).toMatchObject({
      MetricName: 'Duration',
      ExtendedStatistic: 'p95',
      Threshold: (config.gateway.deadlineMs + 60_000) * 0.8,
      EvaluateLowSampleCountPercentile: 'ignore',
    })
  })

  test('throttled with ingest and admin alarms once, by the sum of the three', () => {
    const alarm = alarmsOf(templates).find(({ id }) => id.startsWith('Throttles'))
    expect(alarm?.metrics.map(({ name }) => name)).toEqual(['Throttles', 'Throttles', 'Throttles'])
    const values = { gateway: 5, ingest: undefined, admin: 2 }
    expect(evaluate(alarm?.expressions[0] ?? '', values)).toBe(7)
  })

  test('as a Web Function has no invocations to watch, and no alarm on them', () => {
    const web = synthesize(lean(config))
    const ids = alarmsOf(web).map(({ id }) => id.replace(/[0-9A-F]{8}$/, ''))
    expect(ids).not.toContain('GatewayErrors')
    expect(ids).not.toContain('GatewaySlow')
    expect(ids).toContain('BurnFastLong')
    const throttles = alarmsOf(web).find(({ id }) => id.startsWith('Throttles'))
    expect(throttles?.metrics).toHaveLength(2)
  })
})

test('the topic takes messages of this account’s alarms, over TLS alone', () => {
  const [policy] = resourcesOf(templates, 'AWS::SNS::TopicPolicy')
  expect(policy?.body.Properties.PolicyDocument).toMatchObject({
    Statement: [
      { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      {
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ],
  })
})

describe('docs/observability.md', () => {
  const page = readFileSync(new URL('../../docs/observability.md', import.meta.url), 'utf8')

  test('lists every alarm that tells somebody, with its runbook, and no other', () => {
    const listed = [...page.matchAll(/^\| `(\w+)` \|.*\]\(runbooks\/([a-z-]+\.md)\) \|$/gm)]
    const deployed = telling.map(({ id, body }) => [
      id.replace(/[0-9A-F]{8}$/, ''),
      runbookOf(body.Properties.AlarmDescription),
    ])
    expect(listed.map(([, name, runbook]) => [name, runbook]).sort()).toEqual(deployed.sort())
  })

  test('tells the objectives that are measured', () => {
    const { availability, firstContent, windowDays } = objectives
    expect(page).toContain(`Over any ${windowDays} days`)
    expect(page).toContain(`${availability * 100} % are answered whole`)
    expect(page).toContain(
      `${firstContent.part * 100} % of those answered have their first content within ${firstContent.withinMs / 1000} s`,
    )
  })

  test('counts the metrics of alarms, the dashboards and our own metrics', () => {
    expect(page).toContain(`| ${alarmedMetrics} metrics of alarms,`)
    expect(page).toContain(
      `| ${resourcesOf(templates, 'AWS::CloudWatch::Dashboard').length} dashboards,`,
    )
    expect(page).toContain(`"${ownMetricNames.length} metrics,`)
  })
})
