/** What an item weighs where it lies, by the rules that DynamoDB publishes: names and values, each in its own way. */
import * as z from 'zod'

const text = z.string()

/** A value as it goes over the wire: an object of one member, named by its type. */
type Value = Readonly<Record<string, unknown>>
const Value = z.record(text, z.unknown())
const Members = z.record(text, Value)
const Reply = z.object({ Item: Members })

const elementBytes = 1
const nestedBytes = 3

export const itemBytes = (item: Readonly<Record<string, Value>>): number => membersBytes(item)

const membersBytes = (members: Readonly<Record<string, Value>>): number =>
  Object.entries(members).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value),
    0,
  )

function valueBytes(value: Value): number {
  const [type, content] = Object.entries(value)[0] ?? []
  switch (type) {
    case 'S':
      return Buffer.byteLength(text.parse(content))
    case 'N':
      return numberBytes(text.parse(content))
    case 'B':
      return Buffer.from(text.parse(content), 'base64').byteLength
    case 'BOOL':
    case 'NULL':
      return 1
    case 'M': {
      const members = Members.parse(content)
      return nestedBytes + Object.keys(members).length * elementBytes + membersBytes(members)
    }
    case 'L': {
      const elements = z.array(Value).parse(content)
      return elements.reduce((sum, one) => sum + elementBytes + valueBytes(one), nestedBytes)
    }
    case 'SS':
      return z
        .array(text)
        .parse(content)
        .reduce((sum, one) => sum + Buffer.byteLength(one), 0)
    default:
      throw new Error(`no rule tells what a value of type ${type} weighs`)
  }
}

/** One byte for two digits, zeros at either end not counted, one for all, and one for a sign. */
function numberBytes(digits: string): number {
  const significant = digits.replace(/\D/g, '').replace(/^0+|0+$/g, '')
  return Math.ceil(significant.length / 2) + 1 + (digits.startsWith('-') ? 1 : 0)
}

/** Past every client, because its answer is wanted as it lies. */
export async function readStoredBytes(
  endpoint: string,
  { table, key }: { readonly table: string; readonly key: Readonly<Record<string, string>> },
): Promise<number> {
  const Key = Object.fromEntries(Object.entries(key).map(([name, value]) => [name, { S: value }]))
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.GetItem',
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify({ TableName: table, Key, ConsistentRead: true }),
  })
  return itemBytes(Reply.parse(await response.json()).Item)
}
