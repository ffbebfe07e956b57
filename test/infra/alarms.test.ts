import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { metricNames, metrics, objectives, schedules } from '../../src/names.ts'
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

const alarmNamed = (name: string) => {
  const alarm = alarmsOf(templates).find(({ id }) => id.startsWith(name))
  if (alarm === undefined) throw new Error(`There is no alarm ${name}.`)
  return alarm
}

/** Whether a span counts in which its only metric had that value; undefined where nothing was published. */
function breaches(name: string, value: number | undefined): boolean {
  const { expressions, metricOf, threshold } = alarmNamed(name)
  const values = Object.fromEntries(Object.keys(metricOf).map((id) => [id, value]))
  const judged = evaluate(expressions[0] ?? '', values)
  // A gap that stays one is not judged: CloudWatch goes on with the number before it.
  if (judged === undefined) throw new Error(`${name} leaves gaps in its metric.`)
  return judged >= threshold
}

describe('where silence is bad news', () => {
  const watched = [
    { name: 'LedgerDiscrepancies', good: 0, bad: 1, told: 'reconcile-ledger' },
    { name: 'SweepBehind', good: 599, bad: 600, told: 'expire-holds' },
    { name: 'PoolAge', good: 119, bad: 120, told: 'expire-heartbeats' },
  ] as const

  test.each(watched)('$name alarms at $bad, and where nothing was told', ({ name, good, bad }) => {
    expect([good, bad, undefined].map((value) => breaches(name, value))).toEqual([
      false,
      true,
      true,
    ])
  })

  test.each(watched)('$name looks at a span in which $told tells, one run less', (row) => {
    const [periodSec = 0] = alarmNamed(row.name).periodsSec
    expect(periodSec).toBeGreaterThanOrEqual(2 * 60 * schedules[row.told].everyMinutes)
  })

  test('nothing that was never told counts as good there, and nowhere else as bad', () => {
    const silent = alarms
      .filter(({ body }) => body.Properties.TreatMissingData !== 'notBreaching')
      .map(({ id }) => id.replace(/[0-9A-F]{8}$/, ''))
    expect(silent).toEqual(watched.map(({ name }) => name))
  })

  test('one start of a schedule that comes late makes the pools of an idle stage no alarm', () => {
    expect(propertiesOf('PoolAge')).toMatchObject({ EvaluationPeriods: 2, DatapointsToAlarm: 2 })
  })
})

describe('where silence is no news', () => {
  test.each([
    ['three steps that failed', 'ScheduleStepsFailed', 2, 3],
    ['three crashes of the gateway, which its own metrics do not count', 'GatewayErrors', 2, 3],
    ['throttled writes of money', 'BalancesThrottled', 0, 1],
    ['five replies of ingest that its hosts cannot use', 'IngestErrors', 4, 5],
  ])('%s alarm, and the alarm ends with them', (_, name, good, bad) => {
    expect([good, bad, undefined].map((value) => breaches(name, value))).toEqual([
      false,
      true,
      false,
    ])
  })
})

test.each([
  [{ fresh: 3, eligible: 0 }, 1],
  [{ fresh: 3, eligible: 2 }, 0],
  [{ fresh: 0, eligible: 0 }, 0],
  [{ fresh: undefined, eligible: undefined }, undefined],
])('with %o the fleet counts as empty: %s', (values, empty) => {
  const { metricOf, expressions } = alarmNamed('FleetEmpty')
  expect(metricOf).toEqual({ fresh: metrics.nodesFresh, eligible: metrics.profilesEligible })
  expect(evaluate(expressions[0] ?? '', values)).toBe(empty)
})

describe('the gateway', () => {
  test('alarms where one in twenty invocations takes 80 % of its timeout', () => {
    expect(propertiesOf('GatewaySlow')).toMatchObject({
      MetricName: 'Duration',
      ExtendedStatistic: 'p95',
      Threshold: (config.gateway.deadlineMs + 60_000) * 0.8,
      EvaluateLowSampleCountPercentile: 'ignore',
    })
  })

  test('throttled with ingest alarms once, by the sum of both', () => {
    const { metrics: summed, expressions } = alarmNamed('Throttles')
    expect(summed.map(({ name }) => name)).toEqual(['Throttles', 'Throttles'])
    expect(evaluate(expressions[0] ?? '', { gateway: 5, ingest: 2 })).toBe(7)
    expect(evaluate(expressions[0] ?? '', { gateway: undefined, ingest: 2 })).toBe(2)
    expect(evaluate(expressions[0] ?? '', { gateway: undefined, ingest: undefined })).toBe(0)
  })

  test('as a Web Function has no invocations to watch, and no alarm on them', () => {
    const web = synthesize(lean(config))
    const ids = alarmsOf(web).map(({ id }) => id.replace(/[0-9A-F]{8}$/, ''))
    expect(ids).not.toContain('GatewayErrors')
    expect(ids).not.toContain('GatewaySlow')
    expect(ids).toContain('BurnFastLong')
    const throttles = alarmsOf(web).find(({ id }) => id.startsWith('Throttles'))
    expect(throttles?.metrics).toHaveLength(1)
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
    const { availability, firstContent, windowDays, poolAgeSeconds, sweepBehindSeconds } =
      objectives
    expect(page).toContain(`| The pools are younger than ${poolAgeSeconds} s |`)
    expect(page).toContain(`within its lease and ${sweepBehindSeconds / 60} minutes |`)
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
    expect(page).toContain(`"${metricNames.length} metrics,`)
  })
})
