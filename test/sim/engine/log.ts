/**
 * The record of a history: one line per event when somebody reads it, and always a running digest of
 * the same facts. Two runs of one seed have the same digest, or something took its time, order or
 * chance from outside the simulation.
 */
import { mix } from './random.ts'

export type Log = {
  /** `atUs` counts from the beginning of the history; `outcome` is a short word. */
  readonly event: (atUs: number, who: string, what: string, outcome: string) => void
  /** More about the last event, for readers alone. */
  readonly detail: (text: () => string) => void
  readonly lines: readonly string[]
  readonly events: () => number
  /** Eight hex digits. */
  readonly digest: () => string
}

const linesMax = 20_000

export function makeLog(options: { readonly keepsLines: boolean }): Log {
  const lines: string[] = []
  const keeps = () => options.keepsLines && lines.length < linesMax
  let digest = 0
  let events = 0
  return {
    lines,
    event: (atUs, who, what, outcome) => {
      events += 1
      const words = codeOf(who) ^ Math.imul(codeOf(what), 3) ^ Math.imul(codeOf(outcome), 5)
      digest = mix(Math.imul(digest, 0x01000193) ^ atUs ^ words)
      if (keeps()) lines.push(`${clockText(atUs)}  ${who.padEnd(16)} ${what.padEnd(22)} ${outcome}`)
    },
    detail: (text) => {
      if (keeps()) lines.push(`${' '.repeat(14)}${text()}`)
    },
    events: () => events,
    digest: () => (digest >>> 0).toString(16).padStart(8, '0'),
  }
}

const codes = new Map<string, number>()

/** The words of a simulation are few, so each is hashed once. */
function codeOf(word: string): number {
  const known = codes.get(word)
  if (known !== undefined) return known
  let code = 0
  for (let at = 0; at < word.length; at += 1) code = mix(Math.imul(code, 31) ^ word.charCodeAt(at))
  codes.set(word, code)
  return code
}

/** `1320.004s`, right-aligned, so that lines read as a table. */
function clockText(atUs: number): string {
  return `${(atUs / 1_000_000).toFixed(3)}s`.padStart(12)
}
