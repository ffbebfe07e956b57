import { describe, expect, test } from 'vitest'
import {
  documentFrames,
  framesPerEventMax,
  type HostFrame,
  makeFrameReader,
  readFrame,
} from '../../src/protocol/host-frames.ts'
import { signedClaim } from '../support/signed-claim.ts'

const claim = signedClaim()
const b3iq = { claim, receipt_hash: 'e'.repeat(64) }

describe('one frame', () => {
  test('with choices is a chunk, and the frame as it was written', () => {
    const data = '{"choices":[{"delta":{"content":"a"}}],"x":1}'
    expect(readFrame(data)).toMatchObject({
      kind: 'chunk',
      chunk: { choices: [{ index: 0, delta: { content: 'a' } }] },
      data,
    })
  })

  test('with usage alone is a chunk without choices', () => {
    expect(readFrame('{"usage":{"prompt_tokens":1,"completion_tokens":2}}')).toMatchObject({
      kind: 'chunk',
      chunk: { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } },
    })
  })

  test('with a claim is that claim', () => {
    expect(readFrame(JSON.stringify({ b3iq }))).toEqual({ kind: 'claim', claim: b3iq })
  })

  test.each(['[DONE]', ' [DONE] '])('%j is the end', (data) => {
    expect(readFrame(data)).toEqual({ kind: 'done' })
  })

  test.each(['{"error":{"message":"out of memory"}}', '{"error":"busy","choices":[]}'])(
    '%s is an error, whose words go nowhere',
    (data) => {
      expect(readFrame(data)).toEqual({ kind: 'error' })
    },
  )

  test('with an empty error is a chunk, as some runtimes write it', () => {
    expect(readFrame('{"error":null,"choices":[]}')).toMatchObject({ kind: 'chunk' })
  })

  test.each([
    '',
    '{"choices":',
    '1',
    'null',
    '"[DONE]"',
    '{"choices":"none"}',
    '{"choices":[{"index":-1}]}',
    '{"choices":[{"index":16}]}',
    '[]',
    `{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":${'['.repeat(400_000)}${']'.repeat(400_000)}}}]}}]}`,
    '{"b3iq":{}}',
    '{"b3iq":{"claim":{"signature":"x"},"receipt_hash":"y"}}',
  ])('%.60s is nothing', (data) => {
    expect(readFrame(data)).toBeUndefined()
  })
})

describe('a reply in one document', () => {
  const said = { choices: [{ message: { content: 'a' }, finish_reason: 'stop' }] }
  const kinds = (json: unknown) => documentFrames(JSON.stringify(json)).map(({ kind }) => kind)

  test('is a chunk, perhaps a claim, and the end', () => {
    expect(kinds({ ...said, b3iq })).toEqual(['chunk', 'claim', 'done'])
    expect(kinds(said)).toEqual(['chunk', 'done'])
  })

  test('that tells of an error is one, signed for all the same', () => {
    expect(kinds({ error: { code: 'cancelled' }, b3iq })).toEqual(['claim', 'error'])
  })

  test.each(['', '{"choices":', '[]', '1'])('%j is an error', (text) => {
    expect(documentFrames(text)).toEqual([{ kind: 'error' }])
  })
})

describe('a reader', () => {
  function read(text: string) {
    const frames: HostFrame[] = []
    let comments = 0
    const reader = makeFrameReader({
      frame: (frame) => frames.push(frame),
      comment: () => {
        comments += 1
      },
    })
    reader.feed(text)
    reader.end()
    const said = frames.map((frame) =>
      frame.kind === 'chunk' ? frame.chunk.choices[0]?.delta?.content : frame.kind,
    )
    return { said, comments, lastWord: reader.lastWord() }
  }
  const says = (content: string) => JSON.stringify({ choices: [{ delta: { content } }] })
  const event = (data: string) => `data: ${data}\n\n`

  test('says nothing after the last word, but who signed for it', () => {
    const late = `${event(says('late'))}${event(JSON.stringify({ b3iq }))}: late\n\n`
    const done = read(`: a\n\n${event(says('a'))}${event('[DONE]')}${event('[DONE]')}${late}`)
    expect(done).toEqual({ said: ['a', 'done', 'claim'], comments: 1, lastWord: 'done' })
    const failed = read(`${event('{"error":"x"}')}${late}${event('[DONE]')}`)
    expect(failed).toEqual({ said: ['error', 'claim'], comments: 0, lastWord: 'error' })
  })

  test('takes an event that is named an error for one', () => {
    expect(read(`event: error\ndata: {"message":"out of memory"}\n\n`).said).toEqual(['error'])
  })

  test('reads events apart that nothing parts', () => {
    const lines = [says('a'), '', 'nonsense', says('b'), '[DONE]']
    expect(read(lines.map((line) => `data: ${line}`).join('\n')).said).toEqual(['a', 'b', 'done'])
  })

  test('takes lines of which none is a frame for one that is broken, up to eight', () => {
    const broken = (lines: number) => `data: x\n`.repeat(lines)
    expect(read(`${broken(8)}\n`.repeat(8) + event(says('a'))).said).toEqual(['a'])
    expect(read(`${broken(9)}\n${event(says('a'))}`).said).toEqual(['error'])
  })

  test('takes a document that is broken for one, over however many lines', () => {
    const document = `data: {\n${'data:   "a": 1,\n'.repeat(1_000)}\n`
    expect(read(document.repeat(8) + event(says('a'))).said).toEqual(['a'])
    expect(read(document.repeat(9) + event(says('a'))).said).toEqual(['error'])
  })

  test('reads ten thousand frames that nothing parts, and one more is an error', () => {
    const lines = (count: number) => `${`data: ${says('a')}\n`.repeat(count)}\n`
    expect(read(lines(framesPerEventMax)).lastWord).toBeUndefined()
    expect(read(lines(framesPerEventMax + 1)).lastWord).toBe('error')
  })

  test('looks at no line behind the ninth that nobody can read', () => {
    const lines = [says('a'), ...Array<string>(9).fill('x'), says('b')]
    expect(read(lines.map((line) => `data: ${line}`).join('\n')).said).toEqual(['a', 'error'])
  })

  test('does not mind empty events and fields that nobody knows', () => {
    const noise = 'data:\n\ndata: \n\nretry: soon\nnobody: knows\n'.repeat(20)
    expect(read(noise + event(says('a'))).said).toEqual(['a'])
  })
})
