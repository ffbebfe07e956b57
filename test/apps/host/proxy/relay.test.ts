import { describe, expect, it } from 'vitest'
import { hostEvents } from '../../../../src/dispatch/host-events.ts'
import { sha256Hex } from '../../../../src/protocol/canonical.ts'
import { ClaimEvent } from '../../../../src/protocol/claim.ts'
import { limits } from '../../../../src/protocol/limits.ts'
import { ticketHash, verifyProof } from '../../../../src/protocol/ticket.ts'
import { content, done, type Reply, sse, stop, usage } from '../support/fake-runtime.ts'
import { chatBody, claimIn, errorOf, eventsOf, proofOf } from '../support/gateway.ts'
import { openWorld } from '../support/host-world.ts'

async function relayed(reply: Reply, options: Parameters<typeof openWorld>[0] = {}) {
  const { dispatch, proxy } = await openWorld({ ...options, reply })
  const { response } = await dispatch()
  const events = await eventsOf(response)
  await proxy.slots.idle()
  return { events, claim: claimIn(events).claim.claim, totals: proxy.counters.totals() }
}

describe('usage', () => {
  it.each<[string, readonly string[]]>([
    ['on a frame of its own', [content('a'), stop, sse({ choices: [], ...usage(5, 3) }), done]],
    ['on every frame', [content('a', usage(5, 1)), content('b', usage(5, 3)), stop, done]],
    ['beside text', [content('a', usage(5, 3)), stop, done]],
    ['in the middle, then null', [content('a', usage(5, 3)), content('b', { usage: null }), stop]],
    ['in the middle, then zero', [content('a', usage(5, 3)), content('b', usage(0, 0)), stop]],
  ])('%s is taken from whatever frame has it', async (_, pieces) => {
    const { claim } = await relayed({ pieces })
    expect(claim.usage).toEqual({ prompt: 5, cached_prompt: 0, completion: 3 })
  })

  it('names the cached part of the prompt', async () => {
    const cached = { prompt_tokens_details: { cached_tokens: 4 } }
    const counts = { prompt_tokens: 5, completion_tokens: 3, ...cached }
    const { claim } = await relayed({ pieces: [content('a', { usage: counts }), stop, done] })
    expect(claim.usage).toEqual({ prompt: 5, cached_prompt: 4, completion: 3 })
  })

  it('is null where the runtime tells none', async () => {
    expect((await relayed({ pieces: [content('a'), stop, done] })).claim.usage).toBeNull()
  })

  it('names no more of the prompt as cached than there is of it', async () => {
    const counts = { prompt_tokens: 1, completion_tokens: 1 }
    const cached = { ...counts, prompt_tokens_details: { cached_tokens: 2 } }
    const { claim } = await relayed({ pieces: [content('a', { usage: cached }), stop, done] })
    expect(claim.usage).toEqual({ prompt: 1, cached_prompt: 1, completion: 1 })
  })
})

describe('the text of a stream', () => {
  it('is hashed whole however its bytes are cut', async () => {
    const bytes = Buffer.from(content('héllo 👋 wörld'))
    const pieces = Array.from(bytes, (byte) => Buffer.of(byte))
    const { claim } = await relayed({ pieces: [...pieces, stop, done] })
    expect(claim.output_sha256).toBe(sha256Hex('héllo 👋 wörld'))
  })

  it('includes reasoning, refusals and tool arguments', async () => {
    const delta = (value: object) => sse({ choices: [{ index: 0, delta: value }] })
    const tool = { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] }
    const { claim } = await relayed({
      pieces: [delta({ reasoning_content: 'hm ' }), delta(tool), delta({ refusal: 'no' }), stop],
    })
    expect(claim.output_sha256).toBe(sha256Hex('hm f{}no'))
  })

  it('reaches the client as the runtime sent it, event by event', async () => {
    const { events } = await relayed({ pieces: [content('a', { extra: 1 }), stop, done] })
    expect(events[0]).toBe(content('a', { extra: 1 }).slice('data: '.length).trim())
  })
})

describe('dialects of event streams', () => {
  const text = content('a')
  it.each<[string, readonly string[]]>([
    ['CRLF line ends', [text, stop, done].map((event) => event.replaceAll('\n', '\r\n'))],
    ['no end mark', [text, stop]],
    ['no blank line after the last event', [text, stop.trimEnd()]],
    ['comments', [': hello\n\n', text, ': ping\n\n', stop, done]],
    ['no space after the colon', [text.replace('data: ', 'data:'), stop, done]],
    ['several events in one packet', [`${text}${stop}${done}`]],
    ['an end mark without a reason', [text, done]],
    ['an event over several lines', ['data: {"choices":\ndata: []}\n\n', text, stop, done]],
    ['anything after the end mark', [text, stop, done, 'data: nonsense\n\n', text]],
    ['what is no JSON', [text, 'data: <html>\n\n', stop, done]],
    ['what is no chunk', [text, sse({ choices: 'none' }), stop, done]],
    ['a claim of its own', [text, sse({ b3iq: {} }), stop, done]],
    ['no blank line between events', [`${text.trim()}\n${stop.trim()}\n`, done]],
  ])('%s: relayed as complete', async (_, pieces) => {
    const { events, claim, totals } = await relayed({ pieces })
    expect(events.at(-1)).toBe('[DONE]')
    expect(claim.output_sha256).toBe(sha256Hex('a'))
    expect(totals).toMatchObject({ completed: 1, failed: 0 })
  })
})

describe('a runtime that fails in the middle', () => {
  it.each<[string, Reply]>([
    ['drops the connection', { pieces: [content('a')], end: 'break' }],
    ['ends without reason or end mark', { pieces: [content('a')] }],
    ['sends an error event', { pieces: [content('a'), sse({ error: { message: '/home/x' } })] }],
    ['sends what is nothing', { pieces: [content('a'), 'data: <html>\n\n'.repeat(9), stop, done] }],
    ['sends what is an error', { pieces: [content('a'), 'event: error\ndata: x\n\n', stop, done] }],
    ['ends within an event', { pieces: [content('a'), stop.slice(0, 20)] }],
    ['sends an event without end', { pieces: [content('a'), `data: ${'x'.repeat(1_100_000)}`] }],
  ])('%s: what was delivered is claimed, the error told, no end mark sent', async (_, reply) => {
    const { events, claim, totals } = await relayed(reply)
    expect(claim).toMatchObject({ finish_reason: null, output_sha256: sha256Hex('a') })
    expect(events.at(-2)).toContain('"b3iq"')
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ error: { code: 'runtime_error' } })
    expect(events.join('\n')).not.toContain('/home/x')
    expect(totals).toMatchObject({ accepted: 1, completed: 0, failed: 1 })
  })

  it('is given up when it is silent for too long', async () => {
    const { totals } = await relayed(
      { pieces: [content('a')], end: 'hang' },
      { timeouts: { idleMs: 60 } },
    )
    expect(totals).toMatchObject({ failed: 1 })
  })
})

describe('a runtime that does not start', () => {
  it.each<[string, Reply]>([
    ['an error', { status: 500, type: 'application/json', pieces: ['{"error":"/home/x"}'] }],
    ['no access', { status: 401, type: 'application/json', pieces: ['{"error":"/home/x"}'] }],
    ['a redirect', { status: 302, pieces: [] }],
    ['a page', { type: 'text/html', pieces: ['<html>'] }],
    ['broken JSON', { type: 'application/json', pieces: ['{"choices'] }],
    ['an error as a reply', { type: 'application/json', pieces: ['{"error":"/home/x"}'] }],
  ])('with %s gives 502 with a proof and without internals', async (_, reply) => {
    const { dispatch, proxy } = await openWorld({ reply })
    const { ticket, response } = await dispatch()
    expect(verifyProof(ticketHash(ticket), proxy.node.signer.publicKey, proofOf(response))).toBe(
      true,
    )
    const copy = response.clone()
    expect(await errorOf(response)).toEqual({ status: 502, code: 'runtime_error' })
    expect(await copy.text()).not.toContain('/home/x')
    expect(proxy.counters.totals()).toMatchObject({ accepted: 1, failed: 1 })
  })

  it.each([400, 413, 422])(
    'because it rejects the request (%i) says so, with a proof',
    async (status) => {
      const pieces = ['{"error":"/home/x"}']
      const { dispatch, proxy } = await openWorld({
        reply: { status, type: 'application/json', pieces },
      })
      const { ticket, response } = await dispatch()
      expect(verifyProof(ticketHash(ticket), proxy.node.signer.publicKey, proofOf(response))).toBe(
        true,
      )
      const copy = response.clone()
      expect(await errorOf(response)).toEqual({ status: 400, code: 'runtime_rejected' })
      expect(await copy.text()).not.toContain('/home/x')
    },
  )

  it('within the time for its headers gives the same', async () => {
    const { dispatch, runtime } = await openWorld({ timeouts: { headersMs: 60 } })
    await runtime.close()
    expect(await errorOf((await dispatch()).response)).toEqual({
      status: 502,
      code: 'runtime_error',
    })
  })
})

describe('a reply that is one JSON document', () => {
  const json = (value: unknown): Reply => ({
    type: 'application/json',
    pieces: [JSON.stringify(value)],
  })

  it('is read as far as it fits beside its claim into what the gateway reads', async () => {
    const document = (content: string) =>
      JSON.stringify({ choices: [{ message: { content }, finish_reason: 'stop' }] })
    const bytesMax = limits.hostReplyBytes - limits.claimBytes
    const fits = 'x'.repeat(bytesMax - document('').length)
    const replyTo = async (text: string) => {
      const reply = { type: 'application/json', pieces: [document(text)] }
      const { dispatch } = await openWorld({ reply })
      return (await dispatch()).response
    }
    const { body } = await replyTo(fits)
    if (body === null) throw new Error('the agent sent no body')
    const events = (await Array.fromAsync(hostEvents(body))).flat()
    expect(events.map(({ kind }) => kind)).toEqual(['chunk', 'claim', 'done'])
    expect(await errorOf(await replyTo(`${fits}x`))).toEqual({ status: 502, code: 'runtime_error' })
  })

  it('carries the claim as a member: chat that is not streamed', async () => {
    const message = { role: 'assistant', content: 'Hello' }
    const { dispatch } = await openWorld({
      reply: json({ choices: [{ index: 0, message, finish_reason: 'stop' }], ...usage(7, 2) }),
    })
    const { response } = await dispatch({ body: chatBody({ stream: false }) })
    const { claim } = ClaimEvent.parse(await response.json()).b3iq.claim
    expect(claim).toMatchObject({
      usage: { prompt: 7, completion: 2 },
      finish_reason: 'stop',
      output_sha256: sha256Hex('Hello'),
    })
  })
})
