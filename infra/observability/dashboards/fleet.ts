/** What there is to sell: nodes that beat, profiles that may be routed to, and the work that keeps both true. */
import { Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { metrics, objectives } from '../../../src/names.ts'
import type { Observed } from '../observed.ts'
import { ownMetric, ownSum } from '../own-metrics.ts'
import { functionGraphs, graphs, note, type Rows, tableSum } from './widgets.ts'

export function fleetWidgets({ config: { stage }, ingest, schedules, tables }: Observed): Rows {
  const runs = [...schedules.handlers]
  return [
    note(
      `**Promise**: pools younger than ${objectives.poolAgeSeconds} s. A profile is eligible while its five gates are open; ` +
        'what closes one stands in the runbook of the gates.',
    ),
    graphs(
      [
        'Nodes and profiles',
        [
          ownMetric(stage, metrics.nodesFresh, { statistic: Stats.MINIMUM }).with({
            label: 'nodes that should serve',
          }),
          ownMetric(stage, metrics.profilesEligible, { statistic: Stats.MINIMUM }).with({
            label: 'eligible profiles',
          }),
        ],
      ],
      [
        'Age of the pools',
        [ownMetric(stage, metrics.poolAgeSeconds, { statistic: Stats.MAXIMUM })],
        { unit: 's', limit: { value: objectives.poolAgeSeconds, label: 'alarm' } },
      ],
    ),
    functionGraphs('Ingest', ingest),
    graphs(
      [
        'Scheduled work that failed',
        [ownSum(stage, metrics.scheduleStepsFailed).with({ label: 'steps' }), schedules.failedRuns],
      ],
      [
        'Profiles table',
        [
          tableSum(tables.profiles, 'ConsumedWriteCapacityUnits', 'write units'),
          tableSum(tables.profiles, 'WriteThrottleEvents', 'writes throttled'),
          tableSum(tables.profiles, 'ReadThrottleEvents', 'reads throttled'),
        ],
      ],
    ),
    graphs([
      'Runs of schedules: the longest',
      runs.map(([name, lambda]) =>
        lambda.metricDuration({ statistic: Stats.MAXIMUM, label: name }),
      ),
      { unit: 'ms' },
    ]),
  ]
}
