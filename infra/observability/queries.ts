/**
 * Questions that runbooks ask of the log, saved where the log is. Each line is one JSON object: an event with its
 * fields, or the counts of one paid request.
 */
import type { ILogGroupRef, QueryStringProps } from 'aws-cdk-lib/aws-logs'
import { metrics } from '../../src/names.ts'
import type { Observed } from './observed.ts'

export type SavedQuery = {
  /** As runbooks name it. */
  readonly name: string
  readonly logGroups: readonly ILogGroupRef[]
  /** Of whose lines the fields are; undefined for those of requests and of Lambda itself. */
  readonly events?: readonly string[]
  readonly query: QueryStringProps
}

const newestFirst = { sort: '@timestamp desc', limit: 200 } as const

export function queries(observed: Observed): readonly SavedQuery[] {
  const { gateway, ingest, admin, schedules, streams } = observed
  const surfaces = [gateway.logGroup, ingest.logGroup, admin.logGroup]
  const runs = [...schedules.handlers.values()].map(({ logGroup }) => logGroup)
  const runOf = (name: 'expire-heartbeats' | 'reconcile-ledger') =>
    schedules.handlers.get(name)?.logGroup ?? []
  const all = [...surfaces, ...runs, streams.rollUpSpend.logGroup]
  return [
    {
      name: 'failed-requests',
      logGroups: [gateway.logGroup],
      query: {
        filterStatements: [`${metrics.requestsFailed} = 1 or ${metrics.requestsRefused} = 1`],
        statsStatements: ['count(*) as requests, max(@timestamp) as latest by code'],
        sort: 'requests desc',
      },
    },
    {
      name: 'one-request',
      logGroups: all,
      query: {
        fields: ['@timestamp', 'event', 'code', '@message'],
        filterStatements: ['requestId = "put the request id here"'],
        sort: '@timestamp asc',
        limit: 200,
      },
    },
    {
      name: 'late-first-content',
      logGroups: [gateway.logGroup],
      query: {
        fields: ['@timestamp', 'requestId', metrics.firstContentMs, metrics.attemptsFailed],
        filterStatements: [`${metrics.requestsSlow} = 1`],
        sort: `${metrics.firstContentMs} desc`,
        limit: 200,
      },
    },
    ofEvents('faults', surfaces, {
      events: ['request_failed', 'completion_failed', 'store_unreachable', 'tokenizer_unavailable'],
      fields: ['service', 'requestId', 'path', 'fault', 'message', 'stack'],
    }),
    {
      name: 'crashes',
      logGroups: all,
      query: {
        fields: ['@timestamp', 'event', 'type', 'record.status', 'errorType', '@message'],
        // Lambda's own lines of invocations that ended badly, beside those of a server that did not start.
        filterStatements: [
          'event = "gateway_failed" or ispresent(errorType) or record.status in ["error", "failure", "timeout"]',
        ],
        ...newestFirst,
      },
    },
    ofEvents('schedule-runs', runs, {
      events: ['schedule_ran'],
      fields: ['schedule', 'tookMs', 'stopped', 'failed', 'behindMs', '@message'],
    }),
    ofEvents('schedule-failures', runs, {
      events: [
        'schedule_step_failed',
        'sweep_failed',
        'accrual_failed',
        'payout_failed',
        'reconcile_failed',
        'finding_not_passed_on',
        'recompute_failed',
      ],
      fields: ['service', 'step', 'accountId', 'nodeId', 'subject', 'message'],
    }),
    ofEvents('ledger-discrepancies', [runOf('reconcile-ledger')].flat(), {
      events: ['ledger_discrepancy'],
      fields: ['accountId', 'nodeId', 'recordId', 'invariant', 'detail'],
    }),
    ofEvents('uncounted-receipts', [streams.rollUpSpend.logGroup], {
      events: ['receipt_not_counted'],
      fields: ['place', 'message'],
    }),
    ofEvents('hosts-refused', [ingest.logGroup, ...[runOf('expire-heartbeats')].flat()], {
      events: ['cloned_identity', 'late_claims_suspended', 'key_retired', 'identity_unavailable'],
      fields: ['nodeId', 'ownerId', 'accountId', '@message'],
    }),
    ofEvents('operator-changes', [admin.logGroup], {
      events: ['operator_change', 'audit_unreachable', 'audit_not_ended'],
      fields: ['requestId', 'route', 'path', 'by', 'outcome', 'auditId'],
    }),
  ]
}

function ofEvents(
  name: string,
  logGroups: readonly ILogGroupRef[],
  { events, fields }: { readonly events: readonly string[]; readonly fields: readonly string[] },
): SavedQuery {
  const listed = events.map((event) => `"${event}"`).join(', ')
  return {
    name,
    logGroups,
    events,
    query: {
      fields: ['@timestamp', 'event', ...fields],
      filterStatements: [`event in [${listed}]`],
      ...newestFirst,
    },
  }
}
