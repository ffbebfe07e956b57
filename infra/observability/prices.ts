/**
 * What AWS charges, once: the cost dashboard and docs/costs.md multiply by these. List prices of
 * us-east-1 without discounts, first tier, read where `source` says; other regions differ by some 10 %.
 */

export type Price = {
  /** USD for one `unit`, as an exact decimal. */
  readonly amountUsd: string
  readonly unit: string
  /** Units that AWS gives every account each month, without an end; 0 where none are known. */
  readonly freePerMonth: number
  readonly source: Source
  /** Of `freePerMonth`, where `source` does not say it. */
  readonly freeSource?: Source
}

type Source = {
  readonly title: string
  readonly url: string
  /** The month that the page says it is of; where it says none, the month it was read in. */
  readonly asOf: string
}

const lambda = {
  title: 'AWS Lambda Pricing Breakdown: Ultimate Guide 2024',
  url: 'https://cloudchipr.com/blog/aws-lambda-pricing',
  asOf: '2026-11',
}
const onDemand = {
  title: 'Amazon DynamoDB Pricing: On-Demand & Provisioned Plans',
  url: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing',
  asOf: '2025-07',
}
const table = {
  title: 'Amazon DynamoDB pricing',
  url: 'https://aws.amazon.com/dynamodb/pricing/',
  asOf: '2026-11',
}
const backups = {
  title: 'DynamoDB backup options',
  url: 'https://finops.com.py/services/dynamodb/backups',
  asOf: '2026-11',
}
const logs = {
  title: 'CloudWatch Logs cost optimization',
  url: 'https://c3x.dev/blog/cloudwatch-logs-cost-optimization',
  asOf: '2026-06',
}
const alarms = {
  title: 'aws_cloudwatch_metric_alarm cost estimation',
  url: 'https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm',
  asOf: '2026-11',
}
const customMetrics = {
  title: 'CloudWatch Pricing Without the Confusion [Part 1]',
  url: 'https://signoz.io/guides/cloudwatch-pricing',
  asOf: '2026-02',
}
const dashboards = {
  title: 'Amazon CloudWatch Pricing: The 10 Billing Dimensions Behind Your Observability Bill',
  url: 'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/',
  asOf: '2026-06',
}
const cloudWatchFree = {
  title: 'Amazon CloudWatch pricing',
  url: 'https://aws.amazon.com/cloudwatch/pricing/',
  asOf: '2026-11',
}
const scheduler = {
  title: 'Amazon EventBridge Pricing: Complete Guide + Calculator (2026)',
  url: 'https://cloudburn.io/blog/amazon-eventbridge-pricing',
  asOf: '2026-03',
}
const egress = {
  title: 'AWS data transfer & egress pricing',
  url: 'https://www.egresscost.com/aws',
  asOf: '2026-11',
}

const gb = 'GB'
const gbMonth = 'GB and month'
const million = 1_000_000

export const prices = {
  lambdaRequest: {
    amountUsd: '0.0000002',
    unit: 'request',
    freePerMonth: million,
    source: lambda,
  },
  /** On arm64. */
  lambdaGbSecond: {
    amountUsd: '0.0000133334',
    unit: 'GB and second',
    freePerMonth: 400_000,
    source: lambda,
  },
  writeUnit: {
    amountUsd: '0.000000625',
    unit: 'write request unit',
    freePerMonth: 0,
    source: onDemand,
  },
  readUnit: {
    amountUsd: '0.000000125',
    unit: 'read request unit',
    freePerMonth: 0,
    source: onDemand,
  },
  tableStorage: { amountUsd: '0.25', unit: gbMonth, freePerMonth: 25, source: table },
  pointInTimeRecovery: { amountUsd: '0.20', unit: gbMonth, freePerMonth: 0, source: backups },
  logIngestion: { amountUsd: '0.50', unit: gb, freePerMonth: 5, source: logs },
  logStorage: { amountUsd: '0.03', unit: gbMonth, freePerMonth: 0, source: logs },
  /** Each metric of an alarm counts, also of one that a math expression takes together. */
  alarmedMetric: {
    amountUsd: '0.10',
    unit: 'metric of an alarm and month',
    freePerMonth: 10,
    source: alarms,
    freeSource: cloudWatchFree,
  },
  compositeAlarm: {
    amountUsd: '0.50',
    unit: 'composite alarm and month',
    freePerMonth: 0,
    source: alarms,
  },
  /** By the hour in which anything was published. */
  customMetric: {
    amountUsd: '0.30',
    unit: 'metric and month',
    freePerMonth: 10,
    source: customMetrics,
    freeSource: cloudWatchFree,
  },
  dashboard: {
    amountUsd: '3',
    unit: 'dashboard and month',
    freePerMonth: 3,
    source: dashboards,
    freeSource: cloudWatchFree,
  },
  schedulerInvocation: {
    amountUsd: '0.000001',
    unit: 'invocation',
    freePerMonth: 14 * million,
    source: scheduler,
  },
  internetEgress: { amountUsd: '0.09', unit: gb, freePerMonth: 100, source: egress },
} as const satisfies Readonly<Record<string, Price>>
