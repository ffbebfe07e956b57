/**
 * Hashes, keys and signatures are most of a receipt and do not compress: as text in the midst of
 * JSON they even cost more than their bytes. So they are lifted out as bytes, each once, and
 * the text keeps a control character in their place, which no JSON text contains by itself.
 */
import { assert } from '../../../protocol/assert.ts'

/** In the order in which they are stored; `first` is the control character of the first value. */
const kinds = [
  { encoding: 'hex', chars: 64, bytes: 32, first: 1, max: 20 },
  { encoding: 'base64url', chars: 86, bytes: 64, first: 21, max: 5 },
  { encoding: 'base64url', chars: 43, bytes: 32, first: 26, max: 6 },
] as const
type Kind = (typeof kinds)[number]

/** Whole runs, whatever they are: to tell the kinds apart here would read most of the text several times. */
const runs = /(?<![\w-])[\w-]{43,}/g
const firstText = ' '

/** What `lower` takes to give `json` back; values beyond the few that fit stay in the text. */
export function lift(json: string): { readonly text: string; readonly values: Buffer } {
  assert(!hasMarks(json), 'JSON text has no control characters')
  const lifted = kinds.map((kind) => ({ kind, values: new Map<string, Buffer>() }))
  const text = json.replace(runs, (value) => {
    const of = lifted.find(({ kind }) => kind.chars === value.length)
    const bytes = of && Buffer.from(value, of.kind.encoding)
    // Of several texts that decode to the same bytes, only the one that they encode to comes back.
    if (!of || bytes?.toString(of.kind.encoding) !== value) return value
    if (!of.values.has(value) && of.values.size >= of.kind.max) return value
    of.values.set(value, bytes)
    return markOf(of.kind, [...of.values.keys()].indexOf(value))
  })
  const counts = Buffer.from(lifted.map(({ values }) => values.size))
  return {
    text,
    values: Buffer.concat([counts, ...lifted.flatMap(({ values }) => [...values.values()])]),
  }
}

/** Reads the values at the beginning of `packed`; what follows them is the text's. */
export function lower(packed: Buffer) {
  const values = new Map<string, string>()
  let at = kinds.length
  for (const [index, kind] of kinds.entries()) {
    const count = packed[index] ?? 0
    assert(count <= kind.max, 'a packed receipt has as many values as fit', { count })
    for (let number = 0; number < count; number += 1) {
      const bytes = packed.subarray(at, at + kind.bytes)
      assert(bytes.length === kind.bytes, 'a packed receipt has all of its values')
      values.set(markOf(kind, number), bytes.toString(kind.encoding))
      at += kind.bytes
    }
  }
  return { values, rest: packed.subarray(at) }
}

export function putBack(text: string, values: ReadonlyMap<string, string>): string {
  return [...text].map((char) => (char < firstText ? valueAt(char, values) : char)).join('')
}

function valueAt(mark: string, values: ReadonlyMap<string, string>): string {
  const value = values.get(mark)
  assert(value !== undefined, 'every mark of a packed receipt has its value')
  return value
}

const markOf = (kind: Kind, index: number): string => String.fromCharCode(kind.first + index)
/** Whether it has a character before the space. */
const hasMarks = (text: string): boolean => /[^ -\uffff]/.test(text)
