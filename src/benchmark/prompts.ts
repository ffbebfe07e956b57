/**
 * Prompts that nobody has answered before: a fresh nonce comes first, so that no cache of prefixes
 * or of whole answers can help, and plain words follow, so that they look like anybody's.
 */
import { templateBytesPerMessage } from '../metering/count.ts'
import type { Ids, Random } from '../protocol/clock.ts'

export type PromptDeps = { readonly ids: Pick<Ids, 'token'>; readonly random: Random }

const nonceBytes = 16

const words = `
  the a of and to in that it was for on with as at by from this they we say her she or an will my
  one all would there their what so up out if about who get which go me when make can like time no
  just him know take people into year your good some could them see other than then now look only
  come over think also back after use two how our work first well way even new want because any
  these give day most us water river house small market letter winter green table road morning
  story garden window paper stone bridge music number answer question school village island coffee
`
  .trim()
  .split(/\s+/)

/** A user's message of at most `bytes`, its template's share included, and nearly so many. */
export function freshPrompt(deps: PromptDeps, bytes: number, ask: string): string {
  const nonce = deps.ids.token(nonceBytes)
  let left = bytes - templateBytesPerMessage - nonce.length - ask.length - 1
  const filler: string[] = []
  for (;;) {
    const word = words[Math.floor(deps.random() * words.length)] ?? 'the'
    left -= word.length + 1
    if (left < 0) return [nonce, ...filler, ask].join(' ')
    filler.push(word)
  }
}
