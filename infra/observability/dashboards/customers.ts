/** What customers experience: is their work answered, how soon, and is the promise kept. */
import { Duration } from 'aws-cdk-lib'
import { Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { metrics, objectives } from '../../../src/names.ts'
import { burnOf } from '../objectives.ts'
import type { Observed } from '../observed.ts'
import { ownMetric, ownSum } from '../own-metrics.ts'
import { functionGraphs, graphs, note, numbers, type Rows } from './widgets.ts'

export function customersWidgets({ config: { stage }, gateway }: Observed): Rows {
  const day = Duration.days(1)
  const firstContent = (percent: number) =>
    ownMetric(stage, metrics.firstContentMs, {
      statistic: Stats.p(percent),
      period: Duration.minutes(5),
    }).with({ label: `p${percent}` })
  const hour = { minutes: 60, floor: 1 } as const
  const range = { minutes: day.toMinutes(), floor: 1 } as const
  return [
    note(
      `**Promise**: ${objectives.availability * 100} % of paid requests answered whole, the first content of ` +
        `${objectives.firstContent.part * 100} % within ${objectives.firstContent.withinMs / 1000} s, over ` +
        `${objectives.windowDays} days. What a customer asked wrongly or cannot pay is refused and counts on neither side.`,
    ),
    numbers('In the range shown; over 28 days, 1 is the whole budget', [
      burnOf(stage, { ...range, counts: ['availability'] }).with({ label: 'burnt by failures' }),
      burnOf(stage, { ...range, counts: ['firstContent'] }).with({
        label: 'burnt by late answers',
      }),
      ownSum(stage, metrics.requestsAnswered, day).with({ label: 'answered' }),
      ownSum(stage, metrics.requestsFailed, day).with({ label: 'failed' }),
      ownSum(stage, metrics.requestsSlow, day).with({ label: 'late first content' }),
      ownSum(stage, metrics.requestsRefused, day).with({ label: 'refused' }),
    ]),
    graphs(
      [
        'Paid requests',
        [
          ownSum(stage, metrics.requestsAnswered).with({ label: 'answered' }),
          ownSum(stage, metrics.requestsFailed).with({ label: 'failed' }),
          ownSum(stage, metrics.requestsRefused).with({ label: 'refused' }),
        ],
      ],
      [
        'First content',
        [firstContent(50), firstContent(95), firstContent(99)],
        { unit: 'ms', limit: { value: objectives.firstContent.withinMs, label: 'objective' } },
      ],
    ),
    graphs(
      [
        'Budget of availability: burn rate over an hour',
        [burnOf(stage, { ...hour, counts: ['availability'] })],
        { limit: { value: 1, label: 'spends the whole budget' } },
      ],
      [
        'Budget of first content: burn rate over an hour',
        [burnOf(stage, { ...hour, counts: ['firstContent'] })],
        { limit: { value: 1, label: 'spends the whole budget' } },
      ],
      [
        'Attempts at hosts that failed',
        [ownSum(stage, metrics.attemptsFailed).with({ label: 'failed' })],
      ],
    ),
    ...(gateway.lambda === undefined ? [] : [functionGraphs('Gateway', gateway.lambda)]),
  ]
}
