/**
 * What the stage costs a day, estimated from what it used and the list prices of `prices.ts`. The bill also
 * knows free allotments, discounts, taxes, logs and transfer.
 */
import { Duration } from 'aws-cdk-lib'
import { type IMetric, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { StageConfig } from '../../config.ts'
import type { Observed, ObservedFunction } from '../observed.ts'
import { prices } from '../prices.ts'
import { graphs, note, type Rows, tableSum } from './widgets.ts'

const day = Duration.days(1)

export function costWidgets(observed: Observed): Rows {
  const { config, gateway, ingest, admin, schedules, streams, tables } = observed
  const { schedules: sizing } = config
  const compute = [
    ...(gateway.lambda === undefined
      ? []
      : [lambdaUsd('gateway', gateway.lambda, config.gateway.memoryMb)]),
    lambdaUsd('ingest', ingest, config.ingest.memoryMb),
    lambdaUsd('admin', admin, config.admin.memoryMb),
    lambdaUsd('streams', streams.rollUpSpend, sizing.memoryMb),
  ]
  const runs = [...schedules.handlers].map(([name, lambda]) =>
    lambdaUsd(name, lambda, sizing.memoryMb),
  )
  return [
    note(
      '**Estimates** in USD a day, at list prices of us-east-1 and before free allotments: docs/costs.md has the ' +
        `whole bill.${webNote(config)}`,
    ),
    graphs(['Lambda', compute, { unit: 'USD a day' }], ['Schedules', runs, { unit: 'USD a day' }]),
    graphs([
      'DynamoDB',
      Object.entries(tables).map(
        ([name, table]) =>
          new MathExpression({
            label: name,
            period: day,
            expression:
              `FILL(write${name}, 0) * ${prices.writeUnit.amountUsd}` +
              ` + FILL(read${name}, 0) * ${prices.readUnit.amountUsd}`,
            usingMetrics: {
              [`write${name}`]: tableSum(table, 'ConsumedWriteCapacityUnits', 'written', day),
              [`read${name}`]: tableSum(table, 'ConsumedReadCapacityUnits', 'read', day),
            },
          }),
      ),
      { unit: 'USD a day' },
    ]),
  ]
}

/** Lambda bills what it ran, in GB and seconds, and each call. */
function lambdaUsd(name: string, lambda: ObservedFunction, memoryMb: number): IMetric {
  const id = name.replaceAll('-', '_')
  const usdPerMs = `${memoryMb} / 1024 / 1000 * ${prices.lambdaGbSecond.amountUsd}`
  return new MathExpression({
    label: name,
    period: day,
    expression:
      `FILL(ms_${id}, 0) * ${usdPerMs}` +
      ` + FILL(calls_${id}, 0) * ${prices.lambdaRequest.amountUsd}`,
    usingMetrics: {
      [`ms_${id}`]: lambda.metricDuration({ statistic: Stats.SUM }),
      [`calls_${id}`]: lambda.metricInvocations({ statistic: Stats.SUM }),
    },
  })
}

function webNote({ gateway }: StageConfig): string {
  return gateway.compute === 'web'
    ? ' The gateway is missing: no price of Web Functions was known when this was written.'
    : ''
}
