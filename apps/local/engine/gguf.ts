// Writes GGUF v3, the one-file model format of llama.cpp: a header, typed metadata, a table of
// tensors and their aligned data. Only what a small model needs; all integers little-endian.

import assert from 'node:assert/strict'
import { encodeValues, type Precision, tensorTypes } from './tensor-precision.ts'

export type MetadataValue =
  | { readonly type: 'u32'; readonly value: number }
  | { readonly type: 'f32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'i32[]'; readonly value: readonly number[] }
  | { readonly type: 'f32[]'; readonly value: readonly number[] }
  | { readonly type: 'string[]'; readonly value: readonly string[] }

/** `shape` is in GGUF order: the dimension that varies fastest in `values` comes first. */
export type Tensor = {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
  /** How the values are stored; F32 unless told otherwise. */
  readonly precision?: Precision | undefined
}

export type Gguf = {
  readonly metadata: Readonly<Record<string, MetadataValue>>
  readonly tensors: readonly Tensor[]
}

const version = 3
const alignmentBytes = 32
const typeCodes = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const

const bytesOf = (length: number, fill: (view: DataView) => void): Uint8Array => {
  const bytes = new Uint8Array(length)
  fill(new DataView(bytes.buffer))
  return bytes
}

const u32 = (value: number) => bytesOf(4, (view) => view.setUint32(0, value, true))
const i32 = (value: number) => bytesOf(4, (view) => view.setInt32(0, value, true))
const f32 = (value: number) => bytesOf(4, (view) => view.setFloat32(0, value, true))
const u64 = (value: number) => bytesOf(8, (view) => view.setBigUint64(0, BigInt(value), true))

const string = (value: string): Uint8Array => {
  const text = Buffer.from(value, 'utf8')
  return Buffer.concat([u64(text.length), text])
}

const array = <T>(typeCode: number, items: readonly T[], encode: (item: T) => Uint8Array) =>
  Buffer.concat([u32(typeCodes.array), u32(typeCode), u64(items.length), ...items.map(encode)])

const encodeValue = (entry: MetadataValue): Uint8Array => {
  switch (entry.type) {
    case 'u32':
      return Buffer.concat([u32(typeCodes.u32), u32(entry.value)])
    case 'f32':
      return Buffer.concat([u32(typeCodes.f32), f32(entry.value)])
    case 'bool':
      return Buffer.concat([u32(typeCodes.bool), Uint8Array.of(entry.value ? 1 : 0)])
    case 'string':
      return Buffer.concat([u32(typeCodes.string), string(entry.value)])
    case 'i32[]':
      return array(typeCodes.i32, entry.value, i32)
    case 'f32[]':
      return array(typeCodes.f32, entry.value, f32)
    case 'string[]':
      return array(typeCodes.string, entry.value, string)
  }
}

const paddingBytes = (length: number): number =>
  (alignmentBytes - (length % alignmentBytes)) % alignmentBytes

const encodeTensorEntry = (tensor: Tensor, offsetBytes: number): Uint8Array =>
  Buffer.concat([
    string(tensor.name),
    u32(tensor.shape.length),
    ...tensor.shape.map(u64),
    u32(tensorTypes[tensor.precision ?? 'F32']),
    u64(offsetBytes),
  ])

const encodeTensorData = ({ values, precision = 'F32' }: Tensor): Uint8Array => {
  const bytes = encodeValues(values, precision)
  return Buffer.concat([bytes, new Uint8Array(paddingBytes(bytes.length))])
}

/** The bytes of the file. The same input gives the same bytes on every platform. */
export const encodeGguf = ({ metadata, tensors }: Gguf): Uint8Array => {
  const entries: [string, MetadataValue][] = [
    ...Object.entries(metadata),
    ['general.alignment', { type: 'u32', value: alignmentBytes }],
  ]
  const tensorEntries: Uint8Array[] = []
  const data: Uint8Array[] = []
  let offsetBytes = 0
  for (const tensor of tensors) {
    const elements = tensor.shape.reduce((product, size) => product * size, 1)
    assert.equal(tensor.values.length, elements, `${tensor.name} does not fill its shape`)
    tensorEntries.push(encodeTensorEntry(tensor, offsetBytes))
    const bytes = encodeTensorData(tensor)
    data.push(bytes)
    offsetBytes += bytes.length
  }
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    u64(tensors.length),
    u64(entries.length),
    ...entries.flatMap(([key, value]) => [string(key), encodeValue(value)]),
    ...tensorEntries,
  ])
  return Buffer.concat([head, new Uint8Array(paddingBytes(head.length)), ...data])
}
