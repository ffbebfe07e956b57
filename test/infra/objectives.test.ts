/**
 * When the objectives wake somebody: the alarms of the template are evaluated on the counts of a story, window by
 * window, and so is the rule that puts them together.
 */
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { budgets } from '../../infra/observability/objectives.ts'
import { metrics, objectives } from '../../src/names.ts'
import { evaluate } from './metric-math.ts'
import { resourcesOf, stageConfig, synthesize } from './synthesize.ts'
import { alarmsOf } from './watched.ts'

const templates = synthesize(stageConfig('dev'))
const alarms = alarmsOf(templates)
const [composite, ...otherComposites] = resourcesOf(templates, 'AWS::CloudWatch::CompositeAlarm')

/** Requests in one window. */
type Counts = { readonly answered?: number; readonly failed?: number; readonly slow?: number }
const windows = ['FastLong', 'FastShort', 'SlowLong', 'SlowShort'] as const
type Story = Readonly<Record<(typeof windows)[number], Counts>>

/** The same share of bad requests in every window of a steady stream. */
function steady(hourly: Counts): Story {
  const within = (minutes: number) => ({
    answered: ((hourly.answered ?? 0) * minutes) / 60,
    failed: ((hourly.failed ?? 0) * minutes) / 60,
    slow: ((hourly.slow ?? 0) * minutes) / 60,
  })
  return {
    FastLong: within(60),
    FastShort: within(5),
    SlowLong: within(360),
    SlowShort: within(30),
  }
}

const everywhere = (counts: Counts): Story => ({
  FastLong: counts,
  FastShort: counts,
  SlowLong: counts,
  SlowShort: counts,
})

function burn(window: (typeof windows)[number], counts: Counts): number {
  const alarm = alarmNamed(window)
  const [expression = ''] = alarm.expressions
  const published = new Map<string, number | undefined>([
    [metrics.requestsAnswered, counts.answered],
    [metrics.requestsFailed, counts.failed],
    [metrics.requestsSlow, counts.slow],
  ])
  const values = Object.entries(alarm.metricOf).map(([id, name]) => [id, published.get(name)])
  return evaluate(expression, Object.fromEntries(values)) ?? 0
}

function alarmNamed(window: string) {
  const alarm = alarms.find(({ id }) => id.startsWith(`Burn${window}`))
  if (alarm === undefined) throw new Error(`There is no alarm Burn${window}.`)
  return alarm
}

const Rule = z.object({
  'Fn::Join': z.tuple([
    z.literal(''),
    z.array(
      z.union([
        z.string(),
        z
          .object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) })
          .transform((reference) => reference['Fn::GetAtt'][0]),
      ]),
    ),
  ]),
})

/** Whether the alarm over all windows goes off: `AND` and `OR` of 0 and 1 are `*` and `+`. */
function wakes(story: Story): boolean {
  const states = windows.map((window) => {
    const { id, threshold } = alarmNamed(window)
    return [id, Number(burn(window, story[window]) >= threshold)]
  })
  const rule = Rule.parse(composite?.body.Properties.AlarmRule)['Fn::Join'][1].join('')
  const sum = rule
    .replaceAll(/ALARM\("(\w+)"\)/g, '$1')
    .replaceAll(' AND ', '*')
    .replaceAll(' OR ', '+')
  return evaluate(sum, Object.fromEntries(states)) !== 0
}

describe('the burn rate', () => {
  test('is the share of missed requests over the share that may be missed', () => {
    expect(budgets).toEqual({ availability: 0.005, firstContent: 0.01 })
    expect(objectives).toMatchObject({ availability: 0.995, firstContent: { part: 0.99 } })
    expect(burn('FastLong', { failed: 5, answered: 995 })).toBeCloseTo(1)
    expect(burn('FastLong', { failed: 1_000 })).toBeCloseTo(200)
    expect(burn('SlowLong', { slow: 60, answered: 1_000 })).toBeCloseTo(6)
  })

  test('is that of the objective that is missed more', () => {
    expect(burn('SlowLong', { failed: 10, slow: 990, answered: 990 })).toBeCloseTo(100)
    expect(burn('SlowLong', { failed: 500, slow: 10, answered: 500 })).toBeCloseTo(100)
  })

  test('is 0 where nothing was published', () => {
    for (const window of windows) expect(burn(window, {})).toBe(0)
  })

  test('does not know what customers were refused', () => {
    const watched = windows.flatMap((window) => Object.values(alarmNamed(window).metricOf))
    expect(new Set(watched)).toEqual(
      new Set([metrics.requestsFailed, metrics.requestsAnswered, metrics.requestsSlow]),
    )
  })
})

describe('somebody is woken', () => {
  test.each([
    ['by every twelfth request failing, by day', steady({ answered: 11_000, failed: 1_000 })],
    ['by 4 % failing for hours', steady({ answered: 9_600, failed: 400 })],
    ['by 7 % of first contents being late for hours', steady({ answered: 10_000, slow: 700 })],
    ['by everything failing, at ten requests an hour', everywhere({ failed: 10 })],
    [
      'within the hour, before the six hours tell',
      {
        ...steady({ answered: 9_000, failed: 1_000 }),
        SlowLong: { answered: 60_000, failed: 1_000 },
      },
    ],
  ])('%s', (_, story) => {
    expect(wakes(story)).toBe(true)
  })
})

describe('nobody is woken', () => {
  test.each([
    ['by silence', everywhere({})],
    ['by one failed request at night', everywhere({ failed: 1 })],
    ['by one late answer at night', everywhere({ answered: 1, slow: 1 })],
    ['by what the objective allows', steady({ answered: 9_950, failed: 50, slow: 99 })],
    ['by five times as much as that, which is for the day', steady({ answered: 975, failed: 25 })],
    [
      'by an outage that is over',
      {
        FastLong: { answered: 8_000, failed: 2_000 },
        FastShort: { answered: 800 },
        SlowLong: { answered: 55_000, failed: 5_000 },
        SlowShort: { answered: 5_000 },
      },
    ],
    [
      'by a minute that fails after an hour without fault',
      {
        FastLong: { answered: 10_000, failed: 100 },
        FastShort: { answered: 700, failed: 100 },
        SlowLong: { answered: 60_000, failed: 100 },
        SlowShort: { answered: 5_000, failed: 100 },
      },
    ],
    [
      'within the hour by late answers',
      { ...steady({ answered: 1_000, slow: 200 }), SlowLong: { answered: 60_000, slow: 200 } },
    ],
  ])('%s', (_, story) => {
    expect(wakes(story)).toBe(false)
  })
})

test('one alarm stands over all windows, which are silent themselves', () => {
  expect(otherComposites).toEqual([])
  const windowsInTemplate = resourcesOf(templates, 'AWS::CloudWatch::Alarm').filter(({ id }) =>
    id.startsWith('Burn'),
  )
  expect(windowsInTemplate).toHaveLength(windows.length)
  for (const { body } of windowsInTemplate) {
    expect(body.Properties).not.toHaveProperty('AlarmActions')
    expect(body.Properties).not.toHaveProperty('OKActions')
    expect(body.Properties.TreatMissingData).toBe('notBreaching')
  }
})

test.each([
  ['FastLong', 3_600, 14.4],
  ['FastShort', 300, 14.4],
  ['SlowLong', 21_600, 6],
  ['SlowShort', 1_800, 6],
])('the window %s is %i s and alarms at %d', (window, periodSec, burnRate) => {
  const alarm = resourcesOf(templates, 'AWS::CloudWatch::Alarm').find(({ id }) =>
    id.startsWith(`Burn${window}`),
  )
  expect(alarm?.body.Properties).toMatchObject({ EvaluationPeriods: 1, Threshold: burnRate })
  const periods = z
    .array(z.object({ MetricStat: z.object({ Period: z.number() }).optional() }))
    .parse(alarm?.body.Properties.Metrics)
    .flatMap(({ MetricStat }) => MetricStat?.Period ?? [])
  expect(new Set(periods)).toEqual(new Set([periodSec]))
})
