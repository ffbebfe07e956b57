import { describe, expect, test } from 'vitest'
import { type HostEvent, hostEvents } from '../../src/dispatch/host-events.ts'
import type { Claim } from '../../src/protocol/claim.ts'
import { limits } from '../../src/protocol/limits.ts'
import { inPieces } from '../support/relayed.ts'
import { signedClaim } from '../support/signed-claim.ts'

const eventsOf = async (text: string, bytesPerPiece = text.length * 4): Promise<HostEvent[]> =>
  (await Array.fromAsync(hostEvents(inPieces(text, bytesPerPiece)))).flat()

function claimEvent(changes: Partial<Claim>): string {
  const b3iq = { claim: signedClaim(changes), receipt_hash: 'e'.repeat(64) }
  return `data: ${JSON.stringify({ b3iq })}\n\n`
}

const chunk = (content: string) => `{"choices":[{"index":0,"delta":{"content":"${content}"}}]}`
const contentsOf = (events: readonly HostEvent[]) =>
  events.map((event) =>
    event.kind === 'chunk' ? event.chunk.choices[0]?.delta?.content : event.kind,
  )

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

  test('ends in an error when it has no end, whatever it is made of', async () => {
    const piece = Buffer.from(`: ${'x'.repeat(1024 * 1024 - 4)}\n\n`)
    const read = { bytes: 0 }
    async function* endless(): AsyncGenerator<Uint8Array> {
      while (read.bytes < 2 * limits.hostBodyBytes) {
        read.bytes += piece.byteLength
        yield piece
      }
    }
    expect(await Array.fromAsync(hostEvents(endless()))).toEqual([[{ kind: 'error' }]])
    expect(read.bytes).toBe(limits.hostBodyBytes + piece.byteLength)
  })
})

describe('a body that is one document', () => {
  const document = (content: string) =>
    JSON.stringify({ choices: [{ message: { content }, finish_reason: 'stop' }] })

  test.each([1, 5, 1_000])('is a whole answer in pieces of %i bytes', async (size) => {
    const events = await eventsOf(`\n ${document('Grüße 世界')}\n`, size)
    expect(contentsOf(events)).toEqual(['Grüße 世界', 'done'])
    expect(events[0]).toMatchObject({ chunk: { choices: [{ finish_reason: 'stop' }] } })
  })

  test('that breaks off, or is none, is an error', async () => {
    expect(contentsOf(await eventsOf(document('a').slice(0, -1)))).toEqual(['error'])
    expect(contentsOf(await eventsOf('{"detail":"x","error":{"code":1}}'))).toEqual(['error'])
  })

  test('is read up to 4 MB and not a byte more', async () => {
    const fits = limits.hostReplyBytes - document('').length
    expect(contentsOf(await eventsOf(document('x'.repeat(fits)), 65_536))).toHaveLength(2)
    expect(contentsOf(await eventsOf(document('x'.repeat(fits + 1)), 65_536))).toEqual(['error'])
  })
})

describe('an empty reason', () => {
  const said = (reason: string) =>
    `data: {"choices":[{"index":1,"delta":{"content":"a"},"finish_reason":${reason}}]}\n\n`
  const done = 'data: [DONE]\n\n'
  const reasonsOf = async (text: string) =>
    (await eventsOf(text)).flatMap((event) =>
      event.kind === 'chunk'
        ? event.chunk.choices.map((choice) => [choice.index, choice.finish_reason])
        : [],
    )

  test('is none', async () => {
    expect(await reasonsOf(said('""'))).toEqual([[1, null]])
    expect(await reasonsOf(said('""') + said('"length"') + done)).toEqual([
      [1, null],
      [1, 'length'],
    ])
  })

  test('before the end mark is a stop', async () => {
    expect(await reasonsOf(said('""') + done)).toEqual([
      [1, null],
      [1, 'stop'],
    ])
  })

  test('before the end mark of an answer that was cancelled is none', async () => {
    const cancelled = claimEvent({ finish_reason: 'cancelled' })
    expect(await reasonsOf(said('""') + cancelled + done)).toEqual([[1, null]])
    expect(await reasonsOf(said('""') + claimEvent({ finish_reason: null }) + done)).toHaveLength(2)
  })

  test.each(['length', 'abort'])('behind %j changes nothing', async (reason) => {
    const ended = said(`"${reason}"`)
    expect(await reasonsOf(said('""') + ended + said('""') + done)).toEqual([
      [1, null],
      [1, reason],
      [1, null],
    ])
  })

  test('that was never said is not made up', async () => {
    expect(await reasonsOf(said('null') + done)).toEqual([[1, null]])
  })
})
