/**
 * Assertions stay on in production. A failed one is a bug of ours, never a condition that a caller
 * can cause, and ends the operation before it can write anything wrong.
 */

export class InvariantError extends Error {
  readonly invariant: string

  constructor(invariant: string, detail: Readonly<Record<string, unknown>> = {}) {
    super(`${invariant} ${JSON.stringify(detail, (_, value) => printable(value))}`)
    this.name = 'InvariantError'
    this.invariant = invariant
  }
}

export function assert(
  condition: boolean,
  invariant: string,
  detail?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (!condition) throw new InvariantError(invariant, detail)
}

/** Marks a place that the types say cannot be reached. */
export function absurd(value: never): never {
  throw new InvariantError('unreachable', { value })
}

function printable(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
