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

/** Keeps a list of its own, because recursion would fall to what it looks for. */
export function isWithin(value: unknown, { depthMax, valuesMax }: JsonBounds): boolean {
  const left = [{ value, depth: 1 }]
  let values = 0
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    values += 1
    if (values > valuesMax) return false
    if (typeof next.value !== 'object' || next.value === null) continue
    const { depth } = next
    if (depth > depthMax) return false
    const inner: readonly unknown[] = Object.values(next.value)
    if (inner.length > valuesMax) return false
    for (const one of inner) left.push({ value: one, depth: depth + 1 })
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
