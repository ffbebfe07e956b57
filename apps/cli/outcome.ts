/** What comes of a command or of reading from outside: the value, or one sentence for the person. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | Failure

export type Failure = {
  readonly ok: false
  readonly message: string
  /** The server understood and said no: another exit code than a mistake or an absent server. */
  readonly isDenied?: true
}

export const ok = <T>(value: T): Outcome<T> => ({ ok: true, value })

export const refuse = (message: string): Failure => ({ ok: false, message })

export const deny = (message: string): Failure => ({ ok: false, message, isDenied: true })
