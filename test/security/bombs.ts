/** Bodies that are sound as far as a parser goes and are meant to hurt whoever goes through them. */

const nested = (depth: number, open: string, inner: string, close: string): string =>
  open.repeat(depth) + inner + close.repeat(depth)

const keys = (count: number): string =>
  `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join()}}`

type Bombs = readonly (readonly [what: string, json: string])[]

/** Each a JSON value as text, to stand wherever a value may. Deep is what overflows a stack. */
export const smallBombs: Bombs = [
  ['arrays in arrays', nested(10_000, '[', '', ']')],
  ['objects in objects', nested(10_000, '{"a":', '0', '}')],
  ['a number beyond all numbers', '1e999999'],
  ['a NUL', '"a\\u0000b"'],
  ['half a character', '"\\ud800"'],
  ['what prototypes are named by', '{"__proto__":{"polluted":1},"constructor":{"prototype":{}}}'],
  ['methods of objects', '{"toString":1,"valueOf":1,"hasOwnProperty":1,"toJSON":1,"then":1}'],
]

export const largeBombs: Bombs = [
  ['arrays in arrays', nested(100_000, '[', '', ']')],
  ['objects in objects', nested(100_000, '{"a":', '0', '}')],
  ['a long array', `[${'0,'.repeat(500_000)}0]`],
  ['many keys', keys(150_000)],
  ['fewer keys than are refused', keys(90_000)],
  ['a number of many digits', '9'.repeat(200_000)],
  ['a long text', JSON.stringify('a'.repeat(3_000_000))],
  ['a text of escapes', `"${'\\u202e'.repeat(200_000)}"`],
]

/** The document with another value for one of its fields. */
export function withField(document: object, field: string, json: string): string {
  const rest = Object.entries(document).filter(([name]) => name !== field)
  const text = JSON.stringify(Object.fromEntries(rest))
  return `${text.slice(0, -1)}${rest.length > 0 ? ',' : ''}${JSON.stringify(field)}:${json}}`
}

/** CPU that the process took for it, so that other programs on the machine do not count. */
export async function cpuMsOf<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const before = process.cpuUsage()
  const done = await work()
  const { user, system } = process.cpuUsage(before)
  return [done, (user + system) / 1000]
}
