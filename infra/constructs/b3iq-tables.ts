/**
 * The tables of `src/tables.ts` as DynamoDB resources: on demand, with point-in-time recovery, and
 * kept on deletion of the stack where the stage says that its data matters.
 */
import { RemovalPolicy } from 'aws-cdk-lib'
import {
  type Attribute,
  AttributeType,
  Billing,
  type ITableV2,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb'
import { Construct } from 'constructs'
import { type TableDefinition, type TableName, tables } from '../../src/tables.ts'

/** What the stateless stacks may know of a table: how to name it to IAM and to the SDK. */
export type DeployedTable = Pick<ITableV2, 'tableArn' | 'tableName'> & {
  readonly tableStreamArn?: string | undefined
}
export type DeployedTables = Readonly<Record<TableName, DeployedTable>>

export type B3iqTablesProps = { readonly protectData: boolean }

export class B3iqTables extends Construct {
  readonly deployed: DeployedTables

  constructor(scope: Construct, id: string, props: B3iqTablesProps) {
    super(scope, id)
    const deploy = (name: string, definition: TableDefinition) =>
      new TableV2(this, name, tableProps(definition, props))
    this.deployed = {
      balances: deploy('Balances', tables.balances),
      keys: deploy('Keys', tables.keys),
      profiles: deploy('Profiles', tables.profiles),
      receipts: deploy('Receipts', tables.receipts),
      spend: deploy('Spend', tables.spend),
    }
  }
}

function tableProps(definition: TableDefinition, { protectData }: B3iqTablesProps) {
  return {
    partitionKey: stringKey(definition.partitionKey),
    sortKey: stringKey(definition.sortKey),
    globalSecondaryIndexes: definition.keysOnlyIndexes.map((index) => ({
      indexName: index.name,
      partitionKey: stringKey(index.partitionKey),
      ...(index.sortKey === undefined ? {} : { sortKey: stringKey(index.sortKey) }),
      projectionType: ProjectionType.KEYS_ONLY,
    })),
    ...(definition.timeToLive === undefined ? {} : { timeToLiveAttribute: definition.timeToLive }),
    ...(definition.stream === undefined ? {} : { dynamoStream: StreamViewType[definition.stream] }),
    billing: Billing.onDemand(),
    // Encrypted at rest with the key DynamoDB owns. A KMS key would put a call to KMS, its price and
    // its throttle before the first request of every new execution environment.
    encryption: TableEncryptionV2.dynamoOwnedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: protectData,
    removalPolicy: protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  }
}

function stringKey(name: string): Attribute {
  return { name, type: AttributeType.STRING }
}
