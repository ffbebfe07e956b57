/** A promise of the ledger that a history broke, or a bug that ended it. */
import { InvariantError } from '../../../src/protocol/assert.ts'

export class Violation extends Error {
  /** The name of the promise, as in `S7`; `bug` for an error that no promise names. */
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(message)
    this.name = 'Violation'
    this.invariant = invariant
  }
}

export function verify(holds: boolean, invariant: string, message: () => string): void {
  if (!holds) throw new Violation(invariant, message())
}

/** An assertion of the program names its promise in its first word. */
export function toViolation(error: unknown): Violation {
  if (error instanceof Violation) return error
  if (error instanceof InvariantError) {
    const [first = ''] = error.invariant.split(' ')
    const named = /^[A-Z]\d+$/.test(first) ? first : 'assertion'
    return new Violation(named, error.message)
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new Violation('bug', text)
}
