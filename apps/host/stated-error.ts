/**
 * A failure that the person at the keyboard can mend: one sentence that says what is wrong and how
 * to fix it. Everything else that is thrown is a bug.
 */
export class StatedError extends Error {
  override readonly name = 'StatedError'
}

/** The system's own word for what failed, such as `EADDRINUSE`. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
