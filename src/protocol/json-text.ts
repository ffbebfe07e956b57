/** Text of somebody else's that may or may not be JSON; what it should say is for a schema to judge. */

/** Undefined where it is none. Never throws: a parser's message quotes its input. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
