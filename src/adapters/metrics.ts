/**
 * Metrics as log lines in CloudWatch's embedded format: no call, no right and no price per request.
 * `POWERTOOLS_METRICS_DISABLED` turns the lines off where nobody collects them.
 */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { PoolMetrics } from '../fleet/ports.ts'
import type { ReconcileMetrics } from '../ledger/reconcile/ports.ts'
import { metrics as names } from '../names.ts'

export function makeReconcileMetrics(stage: string): ReconcileMetrics {
  const metrics = metricsOf(stage)
  return {
    publish: ({ discrepancies, accounts }) => {
      metrics.addMetric(names.ledgerDiscrepancies, MetricUnit.Count, discrepancies)
      metrics.addMetric(names.accountsReconciled, MetricUnit.Count, accounts)
      metrics.publishStoredMetrics()
    },
  }
}

export function makePoolMetrics(stage: string): PoolMetrics {
  const metrics = metricsOf(stage)
  return {
    publishAge: (ageSeconds) => {
      metrics.addMetric(names.poolAgeSeconds, MetricUnit.Seconds, ageSeconds)
      metrics.publishStoredMetrics()
    },
  }
}

/** The stage alone: an alarm must name every dimension, and the library adds one for the service. */
function metricsOf(stage: string): Metrics {
  const metrics = new Metrics({ namespace: names.namespace })
  metrics.clearDefaultDimensions()
  metrics.setDefaultDimensions({ [names.stageDimension]: stage })
  return metrics
}
