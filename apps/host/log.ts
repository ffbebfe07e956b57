/**
 * One JSON line per event, to stderr. Fields are scalars that the agent itself made: no prompt, no
 * output and no text of a runtime's reply is ever one of them.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>
export type Log = (event: string, fields?: LogFields) => void

export const makeLog =
  (deps: { readonly nowMs: () => number; readonly write: (line: string) => void }): Log =>
  (event, fields = {}) => {
    const at = new Date(deps.nowMs()).toISOString()
    deps.write(`${JSON.stringify({ at, event, ...fields })}\n`)
  }
