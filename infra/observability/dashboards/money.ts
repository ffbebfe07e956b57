/** Whether every cent is where it belongs: charges, holds, the audit, and the tables behind them. */
import { MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { metrics, objectives } from '../../../src/names.ts'
import type { Observed } from '../observed.ts'
import { ownMetric, ownSum } from '../own-metrics.ts'
import { graphs, note, type Rows, tableSum } from './widgets.ts'

export function moneyWidgets({ config: { stage }, tables, streams }: Observed): Rows {
  return [
    note(
      '**Promise**: no discrepancy in the ledger, and every hold decided within its lease. Balances stand in the ' +
        'ledger, which counts in nano-dollars; the sum of charges here is for eyes alone.',
    ),
    graphs(
      [
        'Charged',
        [
          new MathExpression({
            label: 'USD',
            expression: 'charged / 1000000',
            usingMetrics: { charged: ownSum(stage, metrics.chargedMicroUsd) },
          }),
        ],
        { unit: 'USD' },
      ],
      [
        'Discrepancies that the audit found',
        [ownSum(stage, metrics.ledgerDiscrepancies).with({ label: 'discrepancies' })],
        { limit: { value: 1, label: 'alarm' } },
      ],
      [
        'Accounts proven to their end',
        [ownSum(stage, metrics.accountsReconciled).with({ label: 'accounts' })],
      ],
    ),
    graphs(
      [
        'Holds that the request did not end',
        [
          ownSum(stage, metrics.decisionsUnknown).with({ label: 'outcome unknown in time' }),
          ownSum(stage, metrics.holdsExpired).with({ label: 'ended by the sweep' }),
        ],
      ],
      [
        'How far the sweep is behind',
        [ownMetric(stage, metrics.sweepBehindSeconds, { statistic: Stats.MAXIMUM })],
        { unit: 's', limit: { value: objectives.sweepBehindSeconds, label: 'alarm' } },
      ],
      [
        'Receipts on their way into the sums of spend',
        [streams.metrics.receiptsWait, streams.metrics.receiptsGivenUp],
      ],
    ),
    graphs(
      [
        'Balances: contention',
        [
          tableSum(tables.balances, 'TransactionConflict', 'conflicts'),
          tableSum(tables.balances, 'ConditionalCheckFailedRequests', 'conditions not met'),
          tableSum(tables.balances, 'WriteThrottleEvents', 'writes throttled'),
        ],
      ],
      [
        'Receipts: throttled',
        [
          tableSum(tables.receipts, 'WriteThrottleEvents', 'writes'),
          tableSum(tables.receipts, 'ReadThrottleEvents', 'reads'),
        ],
      ],
      [
        'Keys: throttled',
        [
          tableSum(tables.keys, 'WriteThrottleEvents', 'writes'),
          tableSum(tables.keys, 'ReadThrottleEvents', 'reads'),
        ],
      ],
    ),
  ]
}
