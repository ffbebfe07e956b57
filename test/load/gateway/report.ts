/** A load run in numbers: one JSON document for machines, one table for people. */
import { availableParallelism, cpus, loadavg } from 'node:os'
import { formatUsd } from '../../../src/money/nano-usd.ts'
import { quantile } from '../../../src/protocol/quantile.ts'
import type { Violation } from './judge.ts'
import type { Reply } from './messages.ts'
import type { GatewayLoad, LoadRecord } from './run.ts'
import { type Point, secondHalf, slopePerMinute } from './samples.ts'

export type Counts = Readonly<Record<string, number>>

export type LoadReport = ReturnType<typeof reportOf>

const violationsShown = 100

export function reportOf(load: GatewayLoad, record: LoadRecord) {
  const { replies, books, violations } = record
  const seconds = (record.stoppedAtMs - record.startedAtMs) / 1000
  const inTime = replies.filter(({ endedAtMs }) => endedAtMs <= record.stoppedAtMs)
  const firstContentMs = replies.flatMap((one) => one.firstContentMs ?? [])
  const spent = books.customers.reduce((sum, { wallet }) => sum + wallet.spent, 0n)
  return {
    v: 1,
    load,
    machine: {
      cores: availableParallelism(),
      cpu: cpus()[0]?.model ?? 'unknown',
      loadAverage: loadavg().map((one) => round(one, 2)),
      node: process.version,
    },
    seconds: round(seconds, 1),
    replies: {
      count: replies.length,
      perSecond: round(inTime.length / seconds, 2),
      meanOpen: round(busyMs(record) / (record.stoppedAtMs - record.startedAtMs), 1),
      ends: countBy(replies, ({ end }) => end),
      acts: countBy(replies, ({ act }) => act),
      errors: countBy(
        replies.filter(({ end }) => end === 'error'),
        ({ code }) => code ?? 'none',
      ),
      cancelsAnswered: Object.fromEntries(record.cancels),
      afterAnotherHostFailed: replies.filter(({ retries }) => (retries ?? 0) > 0).length,
    },
    firstContentMs: {
      p50: quantile(firstContentMs, 0.5) ?? null,
      p99: quantile(firstContentMs, 0.99) ?? null,
    },
    faults: countBy(record.faults, ({ kind }) => kind),
    hosts: {
      failingMean: meanOf(duringLoad(record, record.hosts.failing)),
      shutOutMean: meanOf(duringLoad(record, record.hosts.shutOut)),
    },
    holds: {
      peak: Math.max(0, ...record.openHolds.map(({ value }) => value)),
      atEnd: record.holdsLeft.atEnd,
      afterDeadline: record.holdsLeft.afterDeadline,
      swept: books.sweptHolds,
    },
    books: {
      customers: books.customers.length,
      receipts: books.receipts.size,
      receiptsUnverified: books.unverified.length,
      statuses: countBy([...books.receipts.values()], ({ body }) => body.result.status),
      spentUsd: formatUsd(spent),
      accruedDecisions: books.accrued.decisions,
      accountsProven: books.reconciled.accounts,
      nodesProven: books.reconciled.nodes,
      discrepancies: books.reconciled.discrepancies.length,
    },
    memory: record.memory.map(({ name, points, heap }) => ({
      name,
      resident: growthOf(duringLoad(record, points)),
      heapAfterCollection: growthOf(duringLoad(record, heap)),
    })),
    gatewayLog: Object.fromEntries(record.logged),
    violations: {
      count: violations.length,
      byPromise: countBy(violations, ({ promise }) => promise),
      first: violations.slice(0, violationsShown),
    },
  }
}

/** How long replies were waited for or read, all of them together, while the load lasted. */
function busyMs({ replies, startedAtMs, stoppedAtMs }: LoadRecord): number {
  return replies.reduce((sum, reply) => {
    const fromMs = Math.max(startedAtMs, reply.startedAtMs)
    const toMs = Math.min(stoppedAtMs, reply.endedAtMs)
    return sum + Math.max(0, toMs - fromMs)
  }, 0)
}

/** Without the minute in which the last replies end. */
const duringLoad = ({ startedAtMs, stoppedAtMs }: LoadRecord, points: readonly Point[]) =>
  points.filter(({ atMs }) => atMs <= stoppedAtMs - startedAtMs)

const meanOf = (points: readonly Point[]): number =>
  round(points.reduce((sum, { value }) => sum + value, 0) / Math.max(1, points.length), 2)

/** In MB; the slope over the second half of the load. */
function growthOf(points: readonly Point[]) {
  const values = points.map(({ value }) => value)
  return {
    first: round(values[0] ?? 0, 1),
    peak: round(Math.max(0, ...values), 1),
    last: round(values.at(-1) ?? 0, 1),
    slopePerMinute: round(slopePerMinute(secondHalf(points)), 2),
  }
}

function countBy<T>(all: readonly T[], name: (one: T) => string): Counts {
  const groups = [...Map.groupBy(all, name)].map(([key, some]) => [key, some.length] as const)
  return Object.fromEntries(groups.sort(([, one], [, other]) => other - one))
}

const round = (value: number, digits: number) => Number(value.toFixed(digits))

export function tableOf(report: LoadReport): string {
  const { replies, firstContentMs, faults, hosts, holds, books, violations } = report
  const list = (counts: Counts) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none'
  const rows = [
    ['seconds', String(report.seconds)],
    [
      'replies',
      `${replies.count}, ${replies.perSecond} a second, ${replies.meanOpen} open on average`,
    ],
    ['ends', `${list(replies.ends)}; ${replies.afterAnotherHostFailed} after another host failed`],
    ['errors', list(replies.errors)],
    ['cancels', list(replies.cancelsAnswered)],
    ['first content', `p50 ${firstContentMs.p50} ms, p99 ${firstContentMs.p99} ms`],
    ['faults', list(faults)],
    ['hosts', `${hosts.failingMean} failing, ${hosts.shutOutMean} shut out by breakers on average`],
    [
      'holds',
      `peak ${holds.peak}, ${holds.atEnd} at the end, ${holds.afterDeadline} a deadline later, ${holds.swept} swept`,
    ],
    ['receipts', `${books.receipts} (${list(books.statuses)}), ${books.spentUsd} USD`],
    [
      'reconciler',
      `${books.accountsProven} accounts, ${books.nodesProven} nodes, ${books.discrepancies} discrepancies`,
    ],
    ...report.memory.map(({ name, resident, heapAfterCollection: heap }) => [
      name,
      `resident ${resident.first} to ${resident.last} MB, ${resident.slopePerMinute} a minute; ` +
        `heap ${heap.first} to ${heap.last} MB, ${heap.slopePerMinute} a minute`,
    ]),
    ['gateway log', list(report.gatewayLog)],
    ['violations', violations.count === 0 ? 'none' : list(violations.byPromise)],
  ]
  return rows.map(([name = '', text = '']) => `${name.padEnd(14)} ${text}`).join('\n')
}

export const violationLines = (violations: readonly Violation[], most: number): string[] =>
  violations.slice(0, most).map(({ promise, detail }) => `broken: ${promise}: ${detail}`)

/** What happened in each stretch of the load, for the plots. */
export function timelineOf(record: LoadRecord, stretchMs: number) {
  const endedIn = Map.groupBy(record.replies, ({ endedAtMs }) =>
    Math.floor((endedAtMs - record.startedAtMs) / stretchMs),
  )
  const points = (value: (some: readonly Reply[]) => number | undefined): Point[] =>
    [...endedIn]
      .sort(([one], [other]) => one - other)
      .flatMap(([stretch, some]) => {
        const measured = value(some)
        return measured === undefined ? [] : [{ atMs: stretch * stretchMs, value: measured }]
      })
  const firstContent = (some: readonly Reply[]) => some.flatMap((one) => one.firstContentMs ?? [])
  return {
    repliesPerSecond: points((some) => some.length / (stretchMs / 1000)),
    firstContentP50Ms: points((some) => quantile(firstContent(some), 0.5)),
    firstContentP99Ms: points((some) => quantile(firstContent(some), 0.99)),
  }
}
