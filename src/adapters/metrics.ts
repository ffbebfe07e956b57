/**
 * Metrics as log lines in CloudWatch's embedded format: no call, no right and no price per request.
 * `B3IQ_METRICS_DISABLED` turns the lines off where nobody collects them.
 */
import type { FleetMetrics, PoolMetrics } from '../fleet/ports.ts'
import type { ReconcileMetrics } from '../ledger/reconcile/ports.ts'
import type { SweepReport } from '../ledger/sweep.ts'
import type { CountRequest } from '../metering/request-count.ts'
import { type MetricName, metrics as names } from '../names.ts'
import { assert } from '../protocol/assert.ts'

/** CloudWatch's. */
type MetricUnit = 'Count' | 'Milliseconds' | 'Seconds'
type Point = readonly [name: MetricName, value: number, unit?: MetricUnit]

/**
 * Of every paid request one line. What did not happen is told as 0, so that a share of all requests is an
 * average and silence means no traffic.
 */
export function makeRequestMetrics(stage: string): CountRequest {
  const publish = publisherOf(stage)
  return (count) => {
    const { requestId, code, ending, isSlow, isDecisionUnknown } = count
    const points: readonly Point[] = [
      [names.requestsAnswered, Number(ending === 'answered')],
      [names.requestsFailed, Number(ending === 'failed')],
      [names.requestsRefused, Number(ending === 'refused')],
      [names.requestsSlow, Number(isSlow)],
      [names.attemptsFailed, count.attemptsFailed],
      [names.decisionsUnknown, Number(isDecisionUnknown)],
      ...whereKnown(names.firstContentMs, count.firstContentMs, 'Milliseconds'),
      ...whereKnown(names.chargedMicroUsd, thousandth(count.charge)),
    ]
    // Not dimensions, each value of which would be a metric of its own: for queries over the lines.
    try {
      publish(points, { requestId, ...(code && { code }) })
    } catch {
      // Money is settled and its answer waits: a line that cannot be written fails nobody's request.
    }
  }
}

export function makeReconcileMetrics(stage: string): ReconcileMetrics {
  const publish = publisherOf(stage)
  return {
    publish: ({ discrepancies, accounts }) =>
      publish([
        [names.ledgerDiscrepancies, discrepancies],
        [names.accountsReconciled, accounts],
      ]),
  }
}

export function makePoolMetrics(stage: string): PoolMetrics {
  const publish = publisherOf(stage)
  return {
    publishAge: (ageSeconds) => publish([[names.poolAgeSeconds, ageSeconds, 'Seconds']]),
  }
}

export function makeFleetMetrics(stage: string): FleetMetrics {
  const publish = publisherOf(stage)
  return {
    publish: ({ nodesFresh, eligible }) =>
      publish([
        [names.nodesFresh, nodesFresh],
        [names.profilesEligible, eligible],
      ]),
  }
}

export function makeSweepMetrics(
  stage: string,
): (report: Pick<SweepReport, 'released' | 'behindMs'>) => void {
  const publish = publisherOf(stage)
  return ({ released, behindMs }) =>
    publish([
      [names.holdsExpired, released],
      ...whereKnown(names.sweepBehindSeconds, thousandth(behindMs), 'Seconds'),
    ])
}

/** Each failure of a step is a line of its own: a run that is cut off has told of them. */
export function makeFailedStepCount(stage: string): () => void {
  const publish = publisherOf(stage)
  return () => publish([[names.scheduleStepsFailed, 1]])
}

const whereKnown = (
  name: MetricName,
  value: number | undefined,
  unit: MetricUnit = 'Count',
): readonly Point[] => (value === undefined ? [] : [[name, value, unit]])

const thousandth = (value: number | bigint | undefined): number | undefined =>
  value === undefined ? undefined : Number(value) / 1_000

/**
 * One line: where in it CloudWatch finds metrics, and these. The stage is their only dimension, as alarms name it.
 */
function publisherOf(
  stage: string,
): (points: readonly Point[], beside?: Readonly<Record<string, string>>) => void {
  const isDisabled = process.env.B3IQ_METRICS_DISABLED === 'true'
  const { namespace: Namespace, stageDimension } = names
  return (points, beside) => {
    if (isDisabled) return
    for (const [name, value] of points) assert(Number.isFinite(value), 'a metric counts', { name })
    const Metrics = points.map(([Name, , Unit = 'Count']) => ({ Name, Unit }))
    const CloudWatchMetrics = [{ Namespace, Dimensions: [[stageDimension]], Metrics }]
    const line = {
      _aws: { Timestamp: Date.now(), CloudWatchMetrics },
      [stageDimension]: stage,
      ...beside,
      ...Object.fromEntries(points),
    }
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }
}
