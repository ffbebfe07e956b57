/** What comes of reading from outside: the value, or one sentence for the person at the keyboard. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string }

export const ok = <T>(value: T): Outcome<T> => ({ ok: true, value })

export const refuse = (message: string): { readonly ok: false; readonly message: string } => ({
  ok: false,
  message,
})
