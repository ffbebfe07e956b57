/**
 * Documents that are only ever read and written whole, stored as one JSON attribute: one value to
 * parse instead of a tree of them.
 */
import * as z from 'zod'
import { assert } from '../../../protocol/assert.ts'

/** An item holds 400 KB; what lies beside the body has room in the rest. */
export const bodyBytesMax = 300 * 1024

const WithBody = z.object({ body: z.string() })

export function toBody(value: unknown, what: string): string {
  const body = JSON.stringify(value)
  const bytes = Buffer.byteLength(body)
  assert(bytes <= bodyBytesMax, `${what} fits into one item of 300 KB`, { bytes })
  return body
}

export function fromBody<T>(schema: z.ZodType<T>, item: unknown): T {
  return schema.parse(JSON.parse(WithBody.parse(item).body))
}
