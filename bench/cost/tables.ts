/** What docs/costs.md shows: the idle bill, requests by component, fleets, prices, and the picture. */
import { type Price, prices } from '../../infra/observability/prices.ts'
import type { Curve } from '../plots/curves.ts'
import { colours } from '../plots/svg.ts'
import { type Deployed, fleetCost, idleLines } from './idle.ts'
import type { Measured } from './measured.ts'
import { type Line, type PriceName, sumAfterFree, sumOf, usdOf } from './model.ts'
import { markdownTable } from './page.ts'
import type { CostPlot } from './plot.ts'
import { type Compute, trafficLines } from './traffic.ts'

const million = 1_000_000
const streamsSec = [5, 20, 60] as const
const fleets = [10, 1_000, 10_000] as const

const usd = (amount: number): string => `$${amount.toFixed(2)}`
const many = (amount: number): string =>
  amount.toLocaleString('en-US', { maximumFractionDigits: amount < 100 ? 2 : 0 })

const kindOf: Readonly<Record<PriceName, string>> = {
  lambdaRequest: 'Lambda, invocations',
  lambdaGbSecond: 'Lambda, duration',
  writeUnit: 'DynamoDB, writes',
  readUnit: 'DynamoDB, reads',
  tableStorage: 'DynamoDB, receipts kept for a month',
  pointInTimeRecovery: 'DynamoDB, their point-in-time recovery',
  logIngestion: 'CloudWatch, log ingestion',
  logStorage: 'CloudWatch, log storage',
  alarmedMetric: 'CloudWatch, metrics of alarms',
  compositeAlarm: 'CloudWatch, composite alarms',
  customMetric: 'CloudWatch, own metrics',
  dashboard: 'CloudWatch, dashboards',
  schedulerInvocation: 'EventBridge Scheduler',
  internetEgress: 'Data transfer out',
}

const isPrice = (name: string): name is PriceName => Object.hasOwn(prices, name)
const priceNames = Object.keys(prices).filter(isPrice)

const linesOf = (lines: readonly Line[], price: PriceName): readonly Line[] =>
  lines.filter((line) => line.price === price)

export function tablesOf(measured: Measured, deployed: Deployed) {
  return {
    idle: idleTable(measured, deployed),
    million: millionTable(measured, deployed),
    fleet: fleetTable(measured, deployed),
    prices: priceTable(),
  } as const
}

function idleTable(measured: Measured, deployed: Deployed): string {
  const lines = idleLines(measured, deployed)
  const rows = priceNames.flatMap((price) => {
    const own = linesOf(lines, price)
    const amount = own.reduce((sum, line) => sum + line.amount, 0)
    if (amount === 0) return []
    return [
      [kindOf[price], many(amount), prices[price].unit, usd(sumOf(own)), usd(sumAfterFree(own))],
    ]
  })
  return markdownTable(
    ['A month', 'Amount', 'Unit', 'List price', 'After what AWS gives for nothing'],
    [...rows, ['**All**', '', '', `**${usd(sumOf(lines))}**`, `**${usd(sumAfterFree(lines))}**`]],
  )
}

/** With a million requests in the month: what shares batches or is bounded is at that place. */
function millionTable(measured: Measured, deployed: Deployed): string {
  const columns = [
    ...streamsSec.map((streamSec) => ({ compute: 'function' as const, streamSec })),
    { compute: 'web' as const, streamSec: 20 },
  ].map((traffic) => trafficLines(measured, deployed, { ...traffic, requestsPerMonth: million }))
  const rows = priceNames.flatMap((price) => {
    const cells = columns.map((lines) => sumOf(linesOf(lines, price)))
    return cells.every((cell) => cell === 0) ? [] : [[kindOf[price], ...cells.map(usd)]]
  })
  const cpuSec = (measured.request.warm.cpuMs * million) / 1000
  return markdownTable(
    ['A million paid requests', ...streamsSec.map((sec) => `\`function\`, ${sec} s`), '`web`, any'],
    [
      ...rows,
      ['Gateway of `web`', ...streamsSec.map(() => ''), `${many(cpuSec)} s of a core, not priced`],
      ['**All**', ...columns.map((lines) => `**${usd(sumOf(lines))}**`)],
    ],
  )
}

function fleetTable(measured: Measured, deployed: Deployed): string {
  return markdownTable(
    ['Nodes', 'A beat every', 'Beats a month', 'Heartbeats', 'Schedules', 'A node and month'],
    fleets.map((nodes) => {
      const { beatEveryMs, beats, schedules } = fleetCost(measured, deployed, nodes)
      const count = linesOf(beats, 'lambdaRequest').reduce((sum, { amount }) => sum + amount, 0)
      return [
        many(nodes),
        `${beatEveryMs / 1000} s`,
        many(count),
        usd(sumOf(beats)),
        usd(sumOf(schedules)),
        usd((sumOf(beats) + sumOf(schedules)) / nodes),
      ]
    }),
  )
}

const linkTo = ({ title, url, asOf }: Price['source']): string =>
  `[${title.replace(/[[\]]/g, '\\$&')}](${url}), ${asOf}`

function priceTable(): string {
  return markdownTable(
    ['What', 'USD', 'For one', 'Free a month', 'Read in'],
    priceNames.map((name) => {
      const { amountUsd, unit, freePerMonth, source, freeSource }: Price = prices[name]
      const links = [source, freeSource].flatMap((one) => (one === undefined ? [] : [linkTo(one)]))
      return [kindOf[name], amountUsd, unit, many(freePerMonth), links.join('; ')]
    }),
  )
}

/** Four places in each decade. */
const places = Array.from({ length: 33 }, (_, at) => 10 ** (at / 4))

export function plotOf(measured: Measured, deployed: Deployed): CostPlot {
  const idle = sumOf(idleLines(measured, deployed))
  const monthOf = (compute: Compute, streamSec: number, requestsPerMonth: number): number =>
    idle + sumOf(trafficLines(measured, deployed, { compute, streamSec, requestsPerMonth }))
  const series = [
    ...streamsSec.map((sec, at) => ({
      name: `function, streams of ${sec} s`,
      colour: colours[at] ?? colours[0],
      isDashed: false,
      cost: (requests: number) => monthOf('function', sec, requests),
    })),
    {
      name: 'web, without its computing',
      colour: colours[5],
      isDashed: true,
      cost: (requests: number) => monthOf('web', 20, requests),
    },
  ]
  const curves = (of: (cost: number, requests: number) => number): readonly Curve[] =>
    series.map(({ cost, ...curve }) => ({
      ...curve,
      points: places.map((requests) => [requests, of(cost(requests), requests)] as const),
    }))
  return {
    perMonth: curves((cost) => cost),
    perMillion: curves((cost, requests) => (cost / requests) * million),
    parts: {
      title: 'What a million requests are made of, at a million a month',
      bars: streamsSec.map((streamSec) => {
        const traffic = { compute: 'function', streamSec, requestsPerMonth: million } as const
        return {
          name: `function, streams of ${streamSec} s`,
          parts: partsOf(trafficLines(measured, deployed, traffic)),
        }
      }),
    },
  }
}

const part: Readonly<Partial<Record<PriceName, string>>> = {
  lambdaGbSecond: 'Lambda duration',
  writeUnit: 'DynamoDB writes',
  readUnit: 'DynamoDB reads',
  internetEgress: 'data transfer out',
}
const otherPart = 'all else'

function partsOf(lines: readonly Line[]) {
  return [...Object.values(part), otherPart].map((name) => ({
    name,
    usd: lines
      .filter(({ price }) => (part[price] ?? otherPart) === name)
      .reduce((sum, line) => sum + usdOf(line), 0),
  }))
}
