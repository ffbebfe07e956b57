/**
 * JSON with comments, and where each field stands: people write the config by hand, so an error must
 * name a line. A field that is given twice is an error too, because one of the two would be lost.
 */

export type Path = readonly PropertyKey[]

export type ConfigJson =
  | {
      readonly ok: true
      readonly value: unknown
      /** The line, from 1, of this field or of the nearest one around it that is there. */
      readonly lineOf: (path: Path) => number
    }
  | { readonly ok: false; readonly line: number; readonly message: string }

const depthMax = 32
const blank = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const token =
  /[{}[\]:,]|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true\b|false\b|null\b/y

class SyntaxProblem extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

export function parseConfigJson(text: string): ConfigJson {
  const offsets = new Map<string, number>()
  const lineAt = (at: number) => text.slice(0, at).split('\n').length
  try {
    const value = parseValue(text, offsets)
    const lineOf = (path: Path): number => {
      const at = offsets.get(keyOf(path))
      if (at !== undefined) return lineAt(at)
      return path.length === 0 ? 1 : lineOf(path.slice(0, -1))
    }
    return { ok: true, value, lineOf }
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error
    return { ok: false, line: lineAt(error.at), message: error.message }
  }
}

const keyOf = (path: Path): string => JSON.stringify(path)

function parseValue(text: string, offsets: Map<string, number>): unknown {
  let at = 0

  function skipBlank(): void {
    blank.lastIndex = at
    if (blank.test(text)) at = blank.lastIndex
  }

  function peek(): string {
    skipBlank()
    token.lastIndex = at
    return token.exec(text)?.[0] ?? ''
  }

  function fail(wanted: string): never {
    const found = text.slice(at, at + 16).split('\n')[0]
    throw new SyntaxProblem(`here ${wanted}, not ${found ? `"${found}"` : 'the end'}`, at)
  }

  function take(wanted: string): void {
    if (peek() !== wanted) fail(`must stand "${wanted}"`)
    at += wanted.length
  }

  function literal(found: string): unknown {
    try {
      const value: unknown = JSON.parse(found)
      at += found.length
      return value
    } catch {
      return fail('must stand a text with JSON escapes')
    }
  }

  function members(close: string, member: () => void): void {
    at += 1
    if (peek() !== close) {
      member()
      while (peek() === ',') {
        at += 1
        member()
      }
    }
    take(close)
  }

  function value(path: Path): unknown {
    const found = peek()
    if (!offsets.has(keyOf(path))) offsets.set(keyOf(path), at)
    if (path.length > depthMax) fail('must stand something less deep')
    if (found === '{') return object(path)
    if (found === '[') return array(path)
    if (found === '' || /^[}\]:,]$/.test(found)) fail('must stand a value')
    return literal(found)
  }

  function object(path: Path): unknown {
    const fields = new Map<string, unknown>()
    members('}', () => {
      const found = peek()
      if (!found.startsWith('"')) fail('must stand the name of a field in double quotes')
      const start = at
      const name = String(literal(found))
      if (fields.has(name)) {
        throw new SyntaxProblem(`${[...path, name].join('.')} is given twice`, start)
      }
      offsets.set(keyOf([...path, name]), start)
      take(':')
      fields.set(name, value([...path, name]))
    })
    return Object.fromEntries(fields)
  }

  function array(path: Path): unknown {
    const items: unknown[] = []
    members(']', () => {
      items.push(value([...path, items.length]))
    })
    return items
  }

  const whole = value([])
  skipBlank()
  if (at < text.length) fail('must stand the end')
  return whole
}
