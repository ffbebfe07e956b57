// What the deployment costs is a promise like any other: an alarm, a dashboard or a wait too many
// must show here before it shows on a bill.
import { beforeAll, describe, expect, it, test } from 'vitest'
import * as z from 'zod'
import { billedByTheHour, freeAtRest, pricedAtRest } from '../../bench/cost/at-rest.ts'
import { deployedOf } from '../../bench/cost/deployed.ts'
import { type Deployed, fleetCost, idleLines, scheduledRun } from '../../bench/cost/idle.ts'
import { readMeasured } from '../../bench/cost/measured.ts'
import {
  durationMs,
  invoked,
  type Line,
  sumAfterFree,
  sumOf,
  usdOf,
} from '../../bench/cost/model.ts'
import { withTables } from '../../bench/cost/page.ts'
import { costSvg } from '../../bench/cost/plot.ts'
import { plotOf, tablesOf } from '../../bench/cost/tables.ts'
import { trafficLines } from '../../bench/cost/traffic.ts'
import { prices } from '../../infra/observability/prices.ts'
import { scheduleNames, schedules } from '../../src/names.ts'
import { stageConfig, synthesize } from '../infra/synthesize.ts'

const measured = readMeasured()
let deployed: Deployed
beforeAll(() => {
  deployed = deployedOf(stageConfig('prod'))
})

const usdOfLines = (lines: readonly Line[], price: Line['price']): number =>
  sumOf(lines.filter((line) => line.price === price))

describe('an idle month', () => {
  it('is below 10 dollars in an account whose allotments nothing else uses', () => {
    expect(sumAfterFree(idleLines(measured, deployed))).toBeLessThan(10)
  })

  it('is below 10 dollars at list prices too, but for dashboards', () => {
    const lines = idleLines(measured, deployed)
    expect(sumOf(lines.filter(({ price }) => price !== 'dashboard'))).toBeLessThan(10)
  })

  it('counts every schedule and whatever else of a stage is billed for being there', () => {
    const lines = idleLines(measured, deployed)
    const users = new Set(lines.map(({ user }) => user))
    expect([...users].toSorted()).toEqual([...Object.keys(schedules), 'observability'].toSorted())
    const counted = new Set(lines.filter(({ amount }) => amount > 0).map(({ price }) => price))
    for (const price of Object.values(pricedAtRest).flat()) expect(counted).toContain(price)
  })

  it.each(['dev', 'prod'])('knows what each resource of %s costs at rest', (stage) => {
    const known: readonly string[] = [...Object.keys(pricedAtRest), ...Object.keys(freeAtRest)]
    for (const { type, text } of resourcesOfStage(stage)) {
      expect(known).toContain(type)
      // Provisioned concurrency and its like are settings of types that are free without them.
      expect(text).not.toMatch(billedByTheHour)
    }
  })
})

const Resources = z.record(z.string(), z.looseObject({ Type: z.string() }))

function resourcesOfStage(stage: string) {
  return Object.values(synthesize(stageConfig(stage))).flatMap((template) =>
    Object.values(Resources.parse(template.toJSON().Resources)).map((resource) => ({
      type: resource.Type,
      text: JSON.stringify(resource),
    })),
  )
}

describe('a million requests', () => {
  const lines = (compute: 'function' | 'web', streamSec: number) =>
    trafficLines(measured, deployed, { compute, streamSec, requestsPerMonth: 1_000_000 })

  it('cost by the seconds of their streams on a function', () => {
    const duration = (sec: number) =>
      usdOfLines(
        lines('function', sec).filter(({ user }) => user === 'requests'),
        'lambdaGbSecond',
      )
    // 512 MB for 20 s, and 40 s more of it: no more than rounding away from the product of prices.
    expect(duration(60) - duration(20)).toBeCloseTo(1e6 * 40 * 0.5 * 0.0000133334, 6)
  })

  it('leave out what computing costs on the web, where no price is known', () => {
    const own = lines('web', 20).filter(({ user }) => user === 'requests')
    expect(own.map(({ price }) => price)).not.toContain('lambdaGbSecond')
    expect(lines('web', 5)).toEqual(lines('web', 60))
  })

  it('stay within the units that a paid request may use', () => {
    const { cold, warm } = measured.request
    expect(warm.writeUnits).toBeLessThanOrEqual(6)
    expect(warm.readUnits).toBeLessThanOrEqual(2)
    expect(cold.readUnits).toBeLessThanOrEqual(6)
  })
})

describe('a fleet', () => {
  it.each(scheduleNames)('of 10,000 lets %s end within its period', (name) => {
    for (const nodes of [10, 1_000, 10_000]) {
      const { runMs } = scheduledRun(measured, deployed, { name, nodes })
      expect(runMs).toBeLessThanOrEqual(schedules[name].everyMinutes * 60_000)
    }
  })

  it('whose schedules do not end within their period has no bill', () => {
    expect(() => fleetCost(measured, deployed, 1_000_000)).toThrow(
      /^expire-heartbeats takes \d+ ms for 1000000 nodes, of 60000 ms\.$/,
    )
  })

  it('costs no more for a node the more nodes there are', () => {
    const each = [10, 1_000, 10_000].map((nodes) => {
      const { beats, schedules: runs } = fleetCost(measured, deployed, nodes)
      return (sumOf(beats) + sumOf(runs)) / nodes
    })
    expect(each).toEqual(each.toSorted((one, other) => other - one))
    expect(measured.heartbeat.writeUnits).toBeLessThanOrEqual(1.05)
  })
})

describe('the sums', () => {
  const use = { calls: 2, readUnits: 3, writeUnits: 4, cpuMs: 100, logLines: 0, logBytes: 0 }

  test('a function has the share of a core that its memory buys', () => {
    expect(durationMs(use, 1_769)).toBe(110)
    expect(durationMs(use, 1_769 / 2)).toBe(210)
    expect(durationMs(use, 10_240)).toBe(110)
  })

  test('a line is its amount at the published price', () => {
    const lines = invoked({ user: 'u', use, memoryMb: 1_024, count: 1_000_000, waitMs: 890 })
    expect(usdOfLines(lines, 'writeUnit')).toBeCloseTo(4 * 0.625, 9)
    expect(usdOfLines(lines, 'lambdaRequest')).toBeCloseTo(0.2, 9)
  })

  test('an allotment is taken off once, whoever uses it', () => {
    const amount = prices.lambdaRequest.freePerMonth
    const line = (user: string): Line => ({ user, price: 'lambdaRequest', amount })
    expect(sumAfterFree([line('a')])).toBe(0)
    expect(sumAfterFree([line('a'), line('b')])).toBeCloseTo(usdOf(line('a')), 9)
  })
})

describe('the page', () => {
  test('has a place for each table, and keeps the words around it', () => {
    const page = 'before\n<!-- a -->\nold\n<!-- end of a -->\nafter\n'
    expect(withTables(page, { a: '| new |' })).toBe(
      'before\n<!-- a -->\n\n| new |\n\n<!-- end of a -->\nafter\n',
    )
    expect(() => withTables(page, { b: '' })).toThrow('no place for the table b')
  })

  test('has tables and a picture without a number that is none', () => {
    const drawn = [
      ...Object.values(tablesOf(measured, deployed)),
      costSvg(plotOf(measured, deployed)),
    ]
    for (const one of drawn) expect(one).not.toMatch(/NaN|Infinity|undefined/)
  })
})
