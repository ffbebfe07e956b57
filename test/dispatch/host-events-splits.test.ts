// Where the network cuts a stream, and which of its many lawful forms a runtime writes, must not
// show in its events. The streams here are made with what they mean, and read in arbitrary pieces.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostEvents } from '../../src/dispatch/host-events.ts'
import { malformedFramesMax } from '../../src/protocol/host-frames.ts'
import { limits } from '../../src/protocol/limits.ts'

/** Lines without their ends, the blank one included, and what they mean. */
type Part = { readonly lines: readonly string[]; readonly means: readonly string[] }

const text = fc.string({
  unit: fc.constantFrom('a', ' ', 'ü', '世', '🙂', '\r', '\n', '\u2028', '{', '"'),
})

const chunk = (content: string, usage?: object | null): Part => ({
  lines: [`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }], usage })}`, ''],
  means: [`text ${content}`, ...(usage ? ['usage 9/3'] : [])],
})
const usage = { prompt_tokens: 9, completion_tokens: 3 }

const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 5, arbitrary: text.map((content) => chunk(content)) },
  text.map((content) => chunk(content, usage)),
  text.map((content) => chunk(content, null)),
  fc.constant({
    lines: [`data: ${JSON.stringify({ choices: [], usage })}`, ''],
    means: ['nothing', 'usage 9/3'],
  }),
  // The same frame twice is a text twice: only its writer knows better.
  text.map((content) => {
    const { lines, means } = chunk(content)
    return { lines: [...lines, ...lines], means: [...means, ...means] }
  }),
  text.map((content) => {
    const { lines, means } = chunk(content)
    return { lines: ['event: message', 'id: 7', 'retry: 10', 'nobody: knows', ...lines], means }
  }),
  // One document over several lines, and several without a blank line between them.
  text.map((content) => ({
    lines: ['data: {"choices":[{"delta":', `data:{"content":${JSON.stringify(content)}}}]}`, ''],
    means: [`text ${content}`],
  })),
  fc.tuple(text, text).map(([one, other]) => ({
    lines: [...chunk(one).lines.slice(0, 1), ...chunk(other).lines],
    means: [`text ${one}`, `text ${other}`],
  })),
  fc.constantFrom(': ping', ':', ': 世界', 'nobody', 'data', 'data: ').map((line) => ({
    lines: [line, ''],
    means: [],
  })),
)
const malformed = fc
  .constantFrom('{"choices":', 'nonsense', '{"choices":"none"}', '[1]', 'ü')
  .map((data): Part => ({ lines: [`data: ${data}`, ''], means: [] }))

const stream = fc.record({
  parts: fc.array(part, { maxLength: 12 }),
  malformed: fc.array(fc.tuple(fc.nat(12), malformed), { maxLength: malformedFramesMax }),
  end: fc.constantFrom('done', 'done and more', 'nothing', 'no blank line'),
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  hasMark: fc.boolean(),
  cuts: fc.array(fc.nat(), { maxLength: 40 }),
})
type Stream = typeof stream extends fc.Arbitrary<infer T> ? T : never

function written({ parts, malformed: noise, end, lineEnd, hasMark }: Stream) {
  const mixed = parts.map((one) => [one])
  for (const [at, one] of noise) (mixed[at % mixed.length] ?? []).push(one)
  const all = mixed.flat()
  const done = { lines: ['data: [DONE]', ''], means: ['done'] }
  const more = [
    { ...chunk('late'), means: [] },
    { ...done, means: [] },
  ]
  const closing = {
    done: [done],
    'done and more': [done, ...more],
    nothing: [],
    'no blank line': [],
  }
  const whole = [...all, ...closing[end]]
  const lines = whole.flatMap((one) => one.lines)
  if (end === 'no blank line') lines.pop()
  // The last line of a body may lack its end altogether.
  const body = lines.map((line) => `${line}${lineEnd}`).join('')
  const cut = end === 'no blank line' ? body.slice(0, -lineEnd.length) : body
  return {
    bytes: Buffer.from(`${hasMark ? '\uFEFF' : ''}${cut}`, 'utf8'),
    means: whole.flatMap((one) => one.means),
  }
}

async function* cutAt(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = cuts.map((cut) => cut % (bytes.byteLength + 1)).sort((a, b) => a - b)
  let from = 0
  for (const to of [...places, bytes.byteLength]) {
    yield bytes.subarray(from, to)
    from = to
  }
}

async function meaningOf(body: AsyncIterable<Uint8Array>): Promise<string[]> {
  const said: string[] = []
  for (const event of (await Array.fromAsync(hostEvents(body))).flat()) {
    if (event.kind !== 'chunk') said.push(event.kind)
    else {
      const { choices, usage: told } = event.chunk
      said.push(choices[0] ? `text ${choices[0].delta?.content}` : 'nothing')
      if (told) said.push(`usage ${told.prompt_tokens}/${told.completion_tokens}`)
    }
  }
  return said
}

test('a stream means the same in any pieces, with any line ends, noise and ending', async () => {
  await fc.assert(
    fc.asyncProperty(stream, async (made) => {
      const { bytes, means } = written(made)
      expect(await meaningOf(cutAt(bytes, made.cuts))).toEqual(means)
    }),
    { numRuns: 400 },
  )
})

test('a stream means the same byte by byte', async () => {
  await fc.assert(
    fc.asyncProperty(stream, async (made) => {
      const { bytes, means } = written(made)
      const each = Array.from(bytes, (_, at) => at)
      expect(await meaningOf(cutAt(bytes, each))).toEqual(means)
    }),
    { numRuns: 60 },
  )
})

test('no bytes at all make it throw, or say more than a last word', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(fc.constantFrom('data: ', '{', '}', '[DONE]', '\n', '\r', ':', '"choices":[]', 'é'))
      .map((words) => Buffer.from(words.join(''))),
  )
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat()), async (body, cuts) => {
      const whole = await meaningOf(cutAt(body, []))
      expect(await meaningOf(cutAt(body, cuts))).toEqual(whole)
      const ends = whole.flatMap((word, at) => (word === 'done' || word === 'error' ? [at] : []))
      expect(ends.every((at) => at === whole.length - 1)).toBe(true)
    }),
    { numRuns: 400 },
  )
})

describe('memory', () => {
  test('holds no piece ahead of the event that was asked for', async () => {
    const pulled = { pieces: 0 }
    async function* body(): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulled.pieces += 1
        yield Buffer.from(
          chunk('a')
            .lines.map((line) => `${line}\n`)
            .join(''),
        )
      }
    }
    const events = hostEvents(body())
    for (let asked = 1; asked <= 5; asked += 1) {
      await events.next()
      expect(pulled.pieces).toBe(asked)
    }
    await events.return(undefined)
  })

  test.each([1, 2, 100])('of an event is 1 MB at most, over %i data lines', async (lines) => {
    const line = `data: ${'x'.repeat(limits.hostEventBytes / lines + 1)}\n`
    const bytes = Buffer.from(`${line.repeat(lines)}x`)
    const cuts = Array.from({ length: bytes.byteLength / 65_536 }, (_, at) => at * 65_536)
    expect(await meaningOf(cutAt(bytes, cuts))).toEqual(['error'])
  })

  test('is given up in one piece as in many', async () => {
    const fits = `data: "${'x'.repeat(limits.hostEventBytes - 2)}"\n\n`
    const long = `data: "${'x'.repeat(limits.hostEventBytes - 1)}"\n\n`
    expect(await meaningOf(cutAt(Buffer.from(fits), []))).toEqual([])
    expect(await meaningOf(cutAt(Buffer.from(long), []))).toEqual(['error'])
  })
})
