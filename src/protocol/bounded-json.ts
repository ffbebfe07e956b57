/**
 * JSON that clients may write as they like, within bounds. Nested deeply enough, a few kilobytes make
 * `JSON.stringify` overflow the stack, and a grammar made of a huge schema stops a runtime.
 */
import * as z from 'zod'

export type JsonBounds = {
  /** Objects and arrays inside each other, the outermost included. */
  readonly depthMax: number
  /** Values of every kind, at every depth. */
  readonly valuesMax: number
}

/** A JSON object, such as a JSON schema. */
export const boundedObject = (bounds: JsonBounds) =>
  z.record(z.string(), z.unknown()).refine((value) => isWithin(value, bounds), {
    error: `it must have at most ${bounds.valuesMax} values in ${bounds.depthMax} levels`,
  })

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Keeps a list of its own, because recursion would fall to what it looks for. */
export function isWithin(value: unknown, { depthMax, valuesMax }: JsonBounds): boolean {
  let values = 1
  const left: { readonly holder: object; readonly depth: number }[] = []
  if (isHolder(value)) left.push({ holder: value, depth: 1 })
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { holder, depth } = next
    if (depth > depthMax) return false
    // A list is read where it stands: a copy of millions of numbers is more than they are.
    const inner: readonly unknown[] = Array.isArray(holder) ? holder : Object.values(holder)
    values += inner.length
    if (values > valuesMax) return false
    for (const one of inner) if (isHolder(one)) left.push({ holder: one, depth: depth + 1 })
  }
  return true
}

const marks: ReadonlySet<number> = new Set(Buffer.from(',[{'))

/** Whether JSON may have no more values than these, told before it is parsed: each has a mark in front of it. */
export function mayBeWithin(
  json: Uint8Array,
  { valuesMax }: Pick<JsonBounds, 'valuesMax'>,
): boolean {
  let found = 0
  for (const byte of json) {
    if (marks.has(byte)) found += 1
    if (found > valuesMax) return false
  }
  return true
}

/** Whether every text in it, names included, is made of whole characters. */
export function isWellFormed(value: unknown): boolean {
  const left = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next === 'string' && !next.isWellFormed()) return false
    if (typeof next !== 'object' || next === null) continue
    for (const [name, inner] of Object.entries(next)) {
      if (!name.isWellFormed()) return false
      left.push(inner)
    }
  }
  return true
}
