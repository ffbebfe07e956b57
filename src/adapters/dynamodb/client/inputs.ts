/** What each operation is asked with, under DynamoDB's own names; only what is used is here. */
import type { Item } from './attribute-values.ts'

type Expressions = {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Item | undefined
}

type Metered = { readonly ReturnConsumedCapacity?: 'INDEXES' | 'TOTAL' | 'NONE' }

type Condition = Expressions & {
  readonly ConditionExpression?: string | undefined
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE'
}

export type Key = { readonly pk: string; readonly sk: string }

type Put = Condition & { readonly TableName: string; readonly Item: Item }
type Delete = Condition & { readonly TableName: string; readonly Key: Key }
type Update = Delete & { readonly UpdateExpression: string }
type ConditionCheck = Delete & { readonly ConditionExpression: string }

export type PutInput = Put & Metered
export type UpdateInput = Update &
  Metered & { readonly ReturnValues?: 'ALL_OLD' | 'ALL_NEW' | 'UPDATED_NEW' }
export type DeleteInput = Delete & Metered

export type GetInput = Metered & {
  readonly TableName: string
  readonly Key: Key
  readonly ConsistentRead?: boolean | undefined
  readonly ProjectionExpression?: string
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
}

export type ScanInput = Metered &
  Expressions & {
    readonly TableName: string
    readonly IndexName?: string
    readonly FilterExpression?: string
    readonly ProjectionExpression?: string
    readonly ConsistentRead?: boolean
    readonly Limit?: number
    readonly Select?: 'COUNT'
    readonly ExclusiveStartKey?: Item | undefined
  }
export type QueryInput = ScanInput & {
  readonly KeyConditionExpression: string
  /** Descending where false. */
  readonly ScanIndexForward?: boolean
}

export type BatchGetInput = Metered & {
  /** By table; at most 100 keys in all. */
  readonly RequestItems: Readonly<
    Record<string, { readonly Keys: readonly Item[]; readonly ConsistentRead?: boolean }>
  >
}

/** One write of a transaction, or what it is conditional on. */
export type TransactItem = {
  readonly Put?: Put
  readonly Update?: Update
  readonly Delete?: Delete
  readonly ConditionCheck?: ConditionCheck
}

export type TransactWriteInput = Metered & {
  readonly TransactItems: readonly TransactItem[]
  /** The same on every try of one transaction. */
  readonly ClientRequestToken?: string
}
