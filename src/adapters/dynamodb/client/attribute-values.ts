/**
 * Values in DynamoDB's notation: written as its JSON in one pass, read from its parsed JSON. Numbers
 * come back as the digits that were sent, and become bigint or number in the item schemas, so that an
 * amount never passes through a float.
 */
import { assert } from '../../../protocol/assert.ts'

/** One item, key or set of expression values, by attribute name. */
export type Item = Readonly<Record<string, unknown>>

/** DynamoDB's own limit on nested lists and maps. */
const depthMax = 32

/** Of an item; fields that are undefined are left out. Asserts that DynamoDB can store the rest. */
export function writeItem(item: Item, depth = 0): string {
  let text = ''
  for (const [name, value] of Object.entries(item)) {
    if (value === undefined) continue
    text += `${text && ','}${JSON.stringify(name)}:${write(value, depth)}`
  }
  return `{${text}}`
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return `{"S":${JSON.stringify(value)}}`
    case 'number':
    case 'bigint':
      return `{"N":"${digits(value)}"}`
    case 'boolean':
      return `{"BOOL":${value}}`
    case 'object':
      return value === null ? '{"NULL":true}' : writeObject(value, depth + 1)
    default:
      return unstorable(value)
  }
}

function writeObject(value: object, depth: number): string {
  assert(depth <= depthMax, 'what is stored has at most 32 levels')
  if (value instanceof Uint8Array) return `{"B":"${base64(value)}"}`
  if (value instanceof Set) return writeSet([...value])
  if (Array.isArray(value)) {
    const kept = value.filter((one) => one !== undefined)
    return `{"L":[${kept.map((one) => write(one, depth)).join(',')}]}`
  }
  return isPlain(value) ? `{"M":${writeItem(value, depth)}}` : unstorable(value)
}

function writeSet(members: readonly unknown[]): string {
  if (isAll(members, (one) => typeof one === 'string')) return `{"SS":${JSON.stringify(members)}}`
  const isNumeric = (one: unknown) => typeof one === 'number' || typeof one === 'bigint'
  if (isAll(members, isNumeric)) return `{"NS":${JSON.stringify(members.map(digits))}}`
  if (isAll(members, (one) => one instanceof Uint8Array)) {
    return `{"BS":${JSON.stringify(members.map(base64))}}`
  }
  return unstorable(members)
}

function isAll<Member>(
  members: readonly unknown[],
  isMember: (one: unknown) => one is Member,
): members is readonly Member[] {
  return members.length > 0 && members.every(isMember)
}

function digits(value: number | bigint): string {
  const isExact = typeof value === 'bigint' || Math.abs(value) <= Number.MAX_SAFE_INTEGER
  assert(isExact, 'a stored number is finite and exact', { value: String(value) })
  return String(value)
}

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

function isPlain(value: object): value is Item {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function unstorable(value: unknown): never {
  const kind = typeof value === 'object' ? value?.constructor.name : typeof value
  assert(false, 'what is stored is text, a number, bytes, or a filled list, map or set', { kind })
}

/** Of an item as it came. Throws where it is none. */
export function readItem(item: unknown): Item {
  const entries = Object.entries(asObject(item))
  return Object.fromEntries(entries.map(([name, value]) => [name, read(value)]))
}

function read(attribute: unknown): unknown {
  for (const [type, value] of Object.entries(asObject(attribute))) {
    switch (type) {
      case 'S':
      case 'N':
      case 'BOOL':
        return value
      case 'NULL':
        return null
      case 'B':
        return bytes(value)
      case 'M':
        return readItem(value)
      case 'L':
        return asList(value).map(read)
      case 'SS':
      case 'NS':
        return new Set(asList(value))
      case 'BS':
        return new Set(asList(value).map(bytes))
    }
  }
  throw new Error('A stored value has a type that is none of DynamoDB.')
}

function bytes(value: unknown): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(String(value), 'base64')
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Throws where it is none: a reply is not what the service documents. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value
  throw new Error('Where a reply should have an object, it has none.')
}

export function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new Error('Where a reply should have a list, it has none.')
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
