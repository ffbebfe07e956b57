/**
 * Requests and replies as DynamoDB's JSON. Which of their fields hold items is told by name, for all
 * operations alike.
 */
import { asList, asObject, type Item, readItem, writeItem } from './attribute-values.ts'

/** What any operation may answer; which of these is its own documentation's affair. */
export type Reply = {
  readonly Item?: Item | undefined
  readonly Items?: readonly Item[] | undefined
  readonly Attributes?: Item | undefined
  readonly LastEvaluatedKey?: Item | undefined
  /** By table. */
  readonly Responses?: Readonly<Record<string, readonly Item[]>> | undefined
  readonly UnprocessedKeys?: Readonly<Record<string, readonly Item[]>> | undefined
  readonly Count?: number | undefined
  readonly ConsumedCapacity?: unknown
}

/** The body of a request. */
export function writeInput(input: object): string {
  let text = ''
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue
    text += `${text && ','}${JSON.stringify(name)}:${writeField(name, value)}`
  }
  return `{${text}}`
}

function writeField(name: string, value: unknown): string {
  switch (name) {
    case 'Item':
    case 'Key':
    case 'ExpressionAttributeValues':
    case 'ExclusiveStartKey':
      return writeItem(asObject(value))
    case 'Keys':
      return `[${asList(value).map((key) => writeItem(asObject(key)))}]`
    case 'TransactItems':
      return `[${asList(value).map((one) => writeInput(asObject(one)))}]`
    case 'Put':
    case 'Update':
    case 'Delete':
    case 'ConditionCheck':
      return writeInput(asObject(value))
    case 'RequestItems':
      return `{${Object.entries(asObject(value)).map(
        ([table, batch]) => `${JSON.stringify(table)}:${writeInput(asObject(batch))}`,
      )}}`
    default:
      return JSON.stringify(value)
  }
}

/** Throws where a reply is not as DynamoDB documents it. */
export function readReply(reply: unknown): Reply {
  const { Item, Items, Attributes, LastEvaluatedKey, Responses, UnprocessedKeys, Count, ...rest } =
    asObject(reply)
  return {
    Item: given(Item, readItem),
    Items: given(Items, readItems),
    Attributes: given(Attributes, readItem),
    LastEvaluatedKey: given(LastEvaluatedKey, readItem),
    Responses: given(Responses, (tables) => byTable(tables, readItems)),
    UnprocessedKeys: given(UnprocessedKeys, (tables) =>
      byTable(tables, (left) => readItems(asObject(left).Keys)),
    ),
    Count: given(Count, Number),
    ConsumedCapacity: rest.ConsumedCapacity,
  }
}

const given = <Read>(value: unknown, read: (value: unknown) => Read): Read | undefined =>
  value === undefined ? undefined : read(value)

const readItems = (items: unknown): readonly Item[] => asList(items).map(readItem)

const byTable = <Read>(tables: unknown, read: (value: unknown) => Read) =>
  Object.fromEntries(Object.entries(asObject(tables)).map(([table, value]) => [table, read(value)]))
