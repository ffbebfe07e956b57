/**
 * A tokenizer.json of the kind that most models have: byte pairs within words, split by the pattern of
 * GPT-4. Learned here from a few sentences, so that it is as small as a test and joins as a real one.
 */
import { createHash } from 'node:crypto'
import { Tokenizer } from '@huggingface/tokenizers'

const corpus = `
  the story of the river and the old stone bridge that the children of the village crossed each morning
  the keeper of the garden counted the apples and the letters that came with the morning train over the hill
  there is nothing in the window but the light of the lamp and the shadow of the flowers on the floor
  for (const item of items) { const value = item.value; return value === undefined ? 0 : value }
  Das Wetter über den Brücken der Stadt war schön und die Straßen waren still
`

const pattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/** As byte-level tokenizers write bytes: printable ones as they are, the others from U+0100 on. */
const letters: readonly string[] = (() => {
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
    return String.fromCharCode(isPrintable ? byte : next++)
  })
})()

const bytesOf = (text: string): string[] =>
  [...Buffer.from(text, 'utf8')].map((byte) => letters[byte] ?? '')

function learn(joins: number): [string, string][] {
  const words = corpus.split(/(?=\s\S)/).map(bytesOf)
  const merges: [string, string][] = []
  while (merges.length < joins) {
    const seen = new Map<string, { pair: [string, string]; times: number }>()
    for (const word of words) {
      for (let at = 1; at < word.length; at += 1) {
        const pair: [string, string] = [word[at - 1] ?? '', word[at] ?? '']
        const key = pair.join(' ')
        seen.set(key, { pair, times: (seen.get(key)?.times ?? 0) + 1 })
      }
    }
    const [best] = [...seen.values()].toSorted((one, other) => other.times - one.times)
    if (!best) return merges
    merges.push(best.pair)
    for (const word of words) joinAll(word, best.pair)
  }
  return merges
}

function joinAll(word: string[], [left, right]: readonly [string, string]): void {
  for (let at = 0; at + 1 < word.length; at += 1) {
    if (word[at] === left && word[at + 1] === right) word.splice(at, 2, left + right)
  }
}

const merges = learn(200)
const texts = [...new Set([...letters, ...merges.map((pair) => pair.join(''))])]

/** Bytes of the file. */
export const smallTokenizer = Buffer.from(
  JSON.stringify({
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      unk_token: null,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
      merges,
    },
  }),
)

export const smallTokenizerDigest = `sha256:${createHash('sha256').update(smallTokenizer).digest('hex')}`

const tokenizer: { readonly tokenize: (text: string) => readonly string[] } = new Tokenizer(
  JSON.parse(smallTokenizer.toString('utf8')),
  {},
)

/** What it makes of a whole text. */
export const smallCount = (text: string): number => tokenizer.tokenize(text).length

/** In letters. */
export const longestToken = Math.max(...texts.map(({ length }) => length))
