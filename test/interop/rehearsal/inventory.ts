/** What an account holds, in the words of the tests. */
import * as z from 'zod'
import type { Emulator } from './emulator.ts'

const Stack = z.object({
  StackName: z.string(),
  StackStatus: z.string(),
  Outputs: z.array(z.object({ OutputKey: z.string(), OutputValue: z.string() })).default([]),
})
const KeySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.string() }))
const TableDescription = z.object({
  TableName: z.string(),
  ItemCount: z.int(),
  KeySchema,
  GlobalSecondaryIndexes: z
    .array(
      z.object({
        IndexName: z.string(),
        KeySchema,
        Projection: z.object({ ProjectionType: z.literal('KEYS_ONLY') }),
      }),
    )
    .default([]),
  BillingModeSummary: z.object({ BillingMode: z.string() }),
  DeletionProtectionEnabled: z.boolean(),
  StreamSpecification: z.object({ StreamViewType: z.string() }).optional(),
  LatestStreamArn: z.string().optional(),
})

export type Table = Awaited<ReturnType<ReturnType<typeof makeInventory>['tables']>>[number]

export function makeInventory({ ask }: Pick<Emulator, 'ask'>) {
  const stacks = async () =>
    (await ask('cloudformation', 'describe_stacks', {}, z.object({ Stacks: z.array(Stack) })))
      .Stacks
  return {
    stacks,
    /** Of all stacks: name and value. */
    outputs: async () =>
      (await stacks()).flatMap(({ Outputs }) =>
        Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue] as const),
      ),
    /** Ids of everything that ever happened to the stacks. */
    events: async () => {
      const Events = z.object({ StackEvents: z.array(z.object({ EventId: z.string() })) })
      const ids: string[] = []
      for (const { StackName } of await stacks()) {
        const found = await ask('cloudformation', 'describe_stack_events', { StackName }, Events)
        ids.push(...found.StackEvents.map(({ EventId }) => EventId))
      }
      return ids
    },
    tables: async () => {
      const Names = z.object({ TableNames: z.array(z.string()) })
      const { TableNames } = await ask('dynamodb', 'list_tables', {}, Names)
      const found = []
      for (const TableName of TableNames) found.push(await describeTable(ask, TableName))
      return found
    },
    schedules: async () => {
      const Schedules = z.object({
        Schedules: z.array(z.object({ Name: z.string(), GroupName: z.string() })),
      })
      const Schedule = z
        .object({
          ScheduleExpression: z.string(),
          State: z.string(),
          Target: z.object({ Arn: z.string() }),
        })
        .transform((one) => ({
          expression: one.ScheduleExpression,
          state: one.State,
          target: one.Target.Arn,
        }))
      const found = []
      const listed = await ask('scheduler', 'list_schedules', {}, Schedules)
      for (const { Name, GroupName } of listed.Schedules) {
        found.push(await ask('scheduler', 'get_schedule', { Name, GroupName }, Schedule))
      }
      return found
    },
    streamReaders: async () => {
      const Mapping = z.object({ EventSourceArn: z.string(), FunctionArn: z.string() })
      const Mappings = z.object({ EventSourceMappings: z.array(Mapping) })
      return (await ask('lambda', 'list_event_source_mappings', {}, Mappings)).EventSourceMappings
    },
    alarms: async () => {
      const Alarm = z.object({ AlarmName: z.string(), AlarmActions: z.array(z.string()) })
      const Alarms = z.object({ MetricAlarms: z.array(Alarm) })
      return (await ask('cloudwatch', 'describe_alarms', {}, Alarms)).MetricAlarms
    },
  }
}

async function describeTable(ask: Emulator['ask'], TableName: string) {
  const named = { TableName }
  const { Table } = await ask(
    'dynamodb',
    'describe_table',
    named,
    z.object({ Table: TableDescription }),
  )
  const Expiry = z.object({
    TimeToLiveDescription: z.object({ AttributeName: z.string().optional() }),
  })
  const expiry = await ask('dynamodb', 'describe_time_to_live', named, Expiry)
  const Backups = z.object({
    ContinuousBackupsDescription: z.object({
      PointInTimeRecoveryDescription: z.object({ PointInTimeRecoveryStatus: z.string() }),
    }),
  })
  const backups = await ask('dynamodb', 'describe_continuous_backups', named, Backups)
  const recovery = backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription
  return {
    name: Table.TableName,
    items: Table.ItemCount,
    keys: names(Table.KeySchema),
    indexes: Object.fromEntries(
      Table.GlobalSecondaryIndexes.map(({ IndexName, KeySchema }) => [IndexName, names(KeySchema)]),
    ),
    timeToLive: expiry.TimeToLiveDescription.AttributeName,
    stream: Table.StreamSpecification?.StreamViewType,
    streamArn: Table.LatestStreamArn,
    billing: Table.BillingModeSummary.BillingMode,
    isProtected: Table.DeletionProtectionEnabled,
    isRecoverable: recovery.PointInTimeRecoveryStatus === 'ENABLED',
  }
}

/** The partition key comes first. */
const names = (schema: z.infer<typeof KeySchema>) =>
  [...schema].sort((a, b) => a.KeyType.localeCompare(b.KeyType)).map((key) => key.AttributeName)
