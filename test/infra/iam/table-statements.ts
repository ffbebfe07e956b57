/** The rights over tables, and why: who may write what is said here a second time, apart from src/rights.ts. */
import type { Explained } from './explained.ts'

const dynamodb = (...names: readonly string[]) => names.map((name) => `dynamodb:${name}`)

/** A list of partition keys, each of which is one of `each`. */
const leadingKeys = ({ source: each }: RegExp): RegExp =>
  new RegExp(
    `^\\{ForAllValues:StringLike: \\{dynamodb:LeadingKeys: \\[(?:(?:${each})(?:, |(?=\\])))+\\]\\}\\}$`,
  )

export const tables: readonly Explained[] = [
  {
    kind: 'identity',
    holder: /HandlerRole|ServerRole|RollUpSpendRole/,
    actions: dynamodb('GetItem', 'BatchGetItem', 'Query', 'ConditionCheckItem'),
    resource: /^<Tables(Balances|Keys|Profiles|Receipts|Spend)\.Arn>$/,
    reason: 'Reading by key. Which function reads what stands in src/rights.ts; nobody scans.',
  },
  {
    kind: 'identity',
    holder:
      /^(gateway\/GatewayServer|ingest\/IngestHandler|admin\/AdminHandler|schedules\/(RunBenchmarks|RunSpotChecks|ExpireHolds|AccrueEarnings|ClosePayouts|ReconcileLedger)Handler)Role/,
    actions: dynamodb('PutItem', 'UpdateItem'),
    resource: /^<TablesBalances\.Arn>$/,
    reason: 'Who takes, settles, corrects or audits money; one item at a time.',
  },
  {
    kind: 'identity',
    holder:
      /^(gateway\/GatewayServer|ingest\/IngestHandler|admin\/AdminHandler|schedules\/(ExpireHeartbeats|AdvanceJobs|RecomputeEligibility|ProbeRoutes|RunBenchmarks|RunSpotChecks|AccrueEarnings)Handler)Role/,
    actions: dynamodb('PutItem', 'UpdateItem'),
    resource: /^<TablesProfiles\.Arn>$/,
    reason: 'Who sees, judges or steers the fleet and what it sells.',
  },
  {
    kind: 'identity',
    holder:
      /^(gateway\/GatewayServer|schedules\/(RunBenchmarks|RunSpotChecks|ExpireHolds|AccrueEarnings)Handler)Role/,
    actions: dynamodb('PutItem'),
    resource: /^<TablesReceipts\.Arn>$/,
    reason: 'Who ends a request writes its receipt, which nobody changes afterwards.',
  },
  {
    kind: 'identity',
    holder: /^streams\/RollUpSpendRole/,
    actions: dynamodb('PutItem', 'UpdateItem'),
    resource: /^<TablesSpend\.Arn>$/,
    reason: 'Sums of spend have one writer.',
  },
  {
    kind: 'identity',
    holder: /^admin\/AdminHandlerRole/,
    actions: dynamodb('PutItem', 'UpdateItem'),
    resource: /^<TablesKeys\.Arn>$/,
    reason: 'Operators make and end keys of every kind, their own among them.',
  },
  {
    kind: 'identity',
    holder: /^gateway\/GatewayServerRole/,
    actions: dynamodb('PutItem'),
    resource: /^<TablesKeys\.Arn>$/,
    condition: leadingKeys(/(claim|cancel|retry)#\*/),
    reason: 'What clients send again or take back, under partition keys out of reach of keys.',
  },
  {
    kind: 'identity',
    holder: /^ingest\/IngestHandlerRole/,
    actions: dynamodb('UpdateItem'),
    resource: /^<TablesKeys\.Arn>$/,
    condition: leadingKeys(/(join|enrolments|instance)#\*/),
    reason: 'What hosts are let in by, under partition keys out of reach of keys.',
  },
  {
    kind: 'identity',
    holder: /^admin\/BootstrapHandlerRole/,
    actions: dynamodb('PutItem', 'UpdateItem'),
    resource: /^<TablesKeys\.Arn>$/,
    condition: leadingKeys(/op|(op|audit|change)#\*/),
    reason: 'The first key of an operator, and the record of its making.',
  },
  {
    kind: 'identity',
    holder: /HandlerRole/,
    actions: dynamodb('DeleteItem'),
    resource: /^<TablesProfiles\.Arn>$/,
    reason: 'What is over leaves the fleet’s lists. Nothing is deleted where there is money.',
  },
  {
    kind: 'identity',
    holder: /HandlerRole|ServerRole/,
    actions: dynamodb('Query'),
    resource: /^<Tables(Balances|Receipts)\.Arn>\/index\/by[A-Za-z]+$/,
    reason: 'An index is named, and read alone.',
  },
  {
    kind: 'identity',
    holder: /^streams\/RollUpSpendRole/,
    actions: dynamodb('DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'),
    resource: /^<TablesReceipts\.StreamArn>$/,
    reason: 'Lambda reads the stream of the receipts in the name of the function that it starts.',
  },
]
