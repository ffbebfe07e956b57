/** One thing that an owner needs, looked at once: what was found, and what to do where it is wrong. */
import type { Sleep } from '../../../src/protocol/clock.ts'
import { messageOf, StatedError } from '../stated-error.ts'

export type Finding =
  | { readonly verdict: 'ok' | 'skipped'; readonly found: string }
  /** `todo` is one sentence. A warning costs comfort, what is blocked costs the node its work. */
  | { readonly verdict: 'warning' | 'blocked'; readonly found: string; readonly todo: string }

export type Checked = Finding & { readonly name: string }

export const ok = (found: string): Finding => ({ verdict: 'ok', found })
export const skipped = (found: string): Finding => ({ verdict: 'skipped', found })
export const warning = (found: string, todo: string): Finding => ({
  verdict: 'warning',
  found,
  todo,
})
export const blocked = (found: string, todo: string): Finding => ({
  verdict: 'blocked',
  found,
  todo,
})

/** Longer than any single bound within a check, so that this one tells of a bug. */
const limitMs = 15_000

/** Never rejects, and resolves within 15 seconds. */
export async function check(
  name: string,
  { find, sleep }: { readonly find: () => Finding | Promise<Finding>; readonly sleep: Sleep },
): Promise<Checked> {
  const done = new AbortController()
  const late = sleep(limitMs, done.signal).then(() =>
    blocked(`no answer within ${limitMs / 1000} s.`, 'Run it again, and look at what is slow.'),
  )
  try {
    const finding = await Promise.race([Promise.resolve().then(find), late])
    return { name, ...finding }
  } catch (error) {
    return { name, ...failedFinding(error) }
  } finally {
    done.abort()
  }
}

function failedFinding(error: unknown): Finding {
  // A stated error says itself what to do.
  if (error instanceof StatedError) return blocked(error.message, '')
  return blocked(`the check failed: ${messageOf(error)}.`, 'Report this to the operator.')
}
