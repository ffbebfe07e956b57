import { describe, expect, test } from 'vitest'
import { type HostEvent, hostEvents, toHostEvent } from '../../src/dispatch/host-events.ts'
import { signClaim } from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { limits } from '../../src/protocol/limits.ts'

/** `text` in pieces of so many bytes. */
async function* inPieces(text: string, bytesPerPiece: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8')
  for (let from = 0; from < bytes.byteLength; from += bytesPerPiece) {
    yield bytes.subarray(from, from + bytesPerPiece)
  }
}

const eventsOf = (text: string, bytesPerPiece = text.length * 4): Promise<HostEvent[]> =>
  Array.fromAsync(hostEvents(inPieces(text, bytesPerPiece)))

const chunk = (content: string) => `{"choices":[{"index":0,"delta":{"content":"${content}"}}]}`
const contentsOf = (events: readonly HostEvent[]) =>
  events.map((event) =>
    event.kind === 'chunk' ? event.chunk.choices[0]?.delta?.content : event.kind,
  )

const claim = signClaim(
  {
    v: 1,
    ticket_hash: 'a'.repeat(64),
    node_id: `n_${'a'.repeat(26)}`,
    usage: null,
    finish_reason: 'stop',
    output_sha256: 'b'.repeat(64),
    first_content_ms: 1,
    total_ms: 2,
    runtime: { kind: 'vllm', version: '1' },
    artifact_digest: `sha256:${'c'.repeat(64)}`,
  },
  makeSigner(generatePrivateKey()),
)

describe('one frame', () => {
  test('with choices is a chunk, and what is unknown stays on it', () => {
    expect(toHostEvent('{"choices":[{"delta":{"content":"a"}}],"x":1}')).toEqual({
      kind: 'chunk',
      chunk: { choices: [{ index: 0, delta: { content: 'a' } }], x: 1 },
    })
  })

  test('with usage alone is a chunk without choices', () => {
    expect(toHostEvent('{"usage":{"prompt_tokens":1,"completion_tokens":2}}')).toMatchObject({
      kind: 'chunk',
      chunk: { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } },
    })
  })

  test('with a claim is that claim', () => {
    const b3iq = { claim, receipt_hash: 'e'.repeat(64) }
    expect(toHostEvent(JSON.stringify({ b3iq }))).toEqual({
      kind: 'claim',
      claim,
      receiptHash: 'e'.repeat(64),
    })
  })

  test.each(['[DONE]', ' [DONE] '])('%j is the end', (data) => {
    expect(toHostEvent(data)).toEqual({ kind: 'done' })
  })

  test.each(['{"error":{"message":"out of memory"}}', '{"error":"busy","choices":[]}'])(
    '%s is an error, whose words go nowhere',
    (data) => {
      expect(toHostEvent(data)).toEqual({ kind: 'error' })
    },
  )

  test('with an empty error is a chunk, as some runtimes write it', () => {
    expect(toHostEvent('{"error":null,"choices":[]}')).toMatchObject({ kind: 'chunk' })
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
    '{"usage":{"prompt_tokens":1.5,"completion_tokens":1}}',
    '{"usage":{"prompt_tokens":-1,"completion_tokens":1}}',
    '{"b3iq":{}}',
    '{"b3iq":{"claim":{"signature":"x"},"receipt_hash":"y"}}',
  ])('%s is nothing', (data) => {
    expect(toHostEvent(data)).toBeUndefined()
  })
})

describe('a body', () => {
  const body = `: ping\n\ndata: ${chunk('Grüße 世界')}\n\nevent: x\ndata: ${chunk('🙂')}\n\ndata: [DONE]\n\n`

  test.each([1, 2, 3, 7, 1_000])('is the same events in pieces of %i bytes', async (size) => {
    expect(contentsOf(await eventsOf(body, size))).toEqual(['Grüße 世界', '🙂', 'done'])
    const crlf = body.replaceAll('\n', '\r\n')
    expect(contentsOf(await eventsOf(crlf, size))).toEqual(['Grüße 世界', '🙂', 'done'])
  })

  test('may break one document over several data lines', async () => {
    expect(contentsOf(await eventsOf('data: {"choices":\ndata: []}\n\n'))).toEqual([undefined])
  })

  test('may end within its last event once the line of it is whole', async () => {
    expect(contentsOf(await eventsOf(`data: ${chunk('a')}`))).toEqual(['a'])
    expect(contentsOf(await eventsOf(`data: ${chunk('a').slice(0, -2)}`))).toEqual([])
  })

  test('may hold eight frames that nobody can read, and not nine', async () => {
    const garbage = (count: number) => 'data: nonsense\n\n'.repeat(count)
    const good = `data: ${chunk('a')}\n\n`
    expect(contentsOf(await eventsOf(garbage(8) + good, 5))).toEqual(['a'])
    expect(contentsOf(await eventsOf(garbage(9) + good, 5))).toEqual(['error'])
  })

  test('ends in an error with an event that is too long', async () => {
    const long = `data: ${chunk('a')}\n\ndata: ${'x'.repeat(limits.hostEventBytes + 1)}`
    expect(contentsOf(await eventsOf(long, 64 * 1024))).toEqual(['a', 'error'])
  })
})
