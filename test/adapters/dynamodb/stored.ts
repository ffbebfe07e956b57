/** An item as the client hands it back after a stay in the database: numbers are digit strings. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'

type Item = Readonly<Record<string, unknown>>
type Marshalled = Record<string, AttributeValue>

const marshalled = (item: Item): Marshalled => marshall(item, { removeUndefinedValues: true })

export const asStored = (item: Item): Item =>
  unmarshall(marshalled(item), { wrapNumbers: (digits: string) => digits })

/** Bytes by DynamoDB's own rules: what write units are counted in. */
export const storedBytes = (item: Item): number => mapBytes(marshalled(item))

const mapBytes = (map: Marshalled): number =>
  Object.entries(map).reduce((sum, [name, value]) => sum + bytes(name) + valueBytes(value), 0)

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return bytes(value.S)
  if (value.B !== undefined) return value.B.byteLength
  if (value.N !== undefined) return Math.ceil(value.N.replace(/\D/g, '').length / 2) + 2
  if (value.SS) return value.SS.reduce((sum, text) => sum + bytes(text), 0)
  if (value.L) return 3 + value.L.reduce((sum, element) => sum + 1 + valueBytes(element), 0)
  if (value.M) return 3 + Object.keys(value.M).length + mapBytes(value.M)
  return 1
}

const bytes = (text: string): number => Buffer.byteLength(text)
