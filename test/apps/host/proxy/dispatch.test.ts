import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../../src/protocol/canonical.ts'
import { nodeReceiptHash, verifyClaim } from '../../../../src/protocol/claim.ts'
import {
  loadHeader,
  parseLoad,
  ticketHash,
  verifyBusy,
  verifyProof,
} from '../../../../src/protocol/ticket.ts'
import { content, done, stop } from '../support/fake-runtime.ts'
import { chatBody, claimIn, errorOf, eventsOf, proofOf } from '../support/gateway.ts'
import { openWorld } from '../support/host-world.ts'

describe('a dispatch with a good ticket', () => {
  it('is proven in the head and claimed at the end, over exactly what was delivered', async () => {
    const { dispatch, proxy } = await openWorld()
    const { ticket, response } = await dispatch()
    const { publicKey } = proxy.node.signer

    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(verifyProof(ticketHash(ticket), publicKey, proofOf(response))).toBe(true)

    const events = await eventsOf(response)
    const { claim, receipt_hash } = claimIn(events)
    expect(events.at(-1)).toBe('[DONE]')
    expect(events.indexOf('[DONE]')).toBe(events.length - 1)
    expect(verifyClaim(claim, publicKey)).toBe(true)
    expect(receipt_hash).toBe(nodeReceiptHash(claim))
    expect(claim.claim).toMatchObject({
      ticket_hash: ticketHash(ticket),
      node_id: proxy.node.nodeId,
      usage: { prompt: 7, cached_prompt: 0, completion: 2 },
      finish_reason: 'stop',
      output_sha256: sha256Hex('Hello'),
      runtime: { kind: 'llamacpp', version: 'b1234' },
      artifact_digest: ticket.artifact_digest,
    })
    expect(claim.claim.first_content_ms).toBeLessThanOrEqual(claim.claim.total_ms)
    expect(proxy.counters.totals()).toMatchObject({ accepted: 1, completed: 1, failed: 0 })
  })

  it('reaches the runtime with its own model name and is unchanged otherwise', async () => {
    const { dispatch, runtime } = await openWorld()
    const extra = { temperature: 0.5, unknown_field: { kept: true } }
    await dispatch({ body: chatBody({ ...extra, max_tokens: 10 }) })
    expect(runtime.asked).toEqual([
      {
        path: '/v1/chat/completions',
        body: { ...JSON.parse(chatBody(extra)), model: 'local-name', max_tokens: 10 },
      },
    ])
  })

  it('is taken on /v1/completions too', async () => {
    const { dispatch, runtime } = await openWorld()
    const path = '/v1/completions'
    const { response } = await dispatch({ path, body: JSON.stringify({ model: 'm', prompt: 'p' }) })
    expect(response.status).toBe(200)
    expect(runtime.asked[0]?.path).toBe(path)
  })

  it('writes neither prompt nor output to the log', async () => {
    const { dispatch, proxy } = await openWorld({
      reply: { pieces: [content('a secret output'), 'data: a secret break\n\n'] },
    })
    await (await dispatch()).response.text()
    await proxy.slots.idle()
    expect(proxy.logged.length).toBeGreaterThan(0)
    expect(proxy.logged.join('\n')).not.toContain('secret')
  })
})

describe('the window of a dispatch', () => {
  it.each([
    ['none given', {}, { max_tokens: 64 }],
    ['a smaller one', { max_tokens: 5 }, { max_tokens: 5 }],
    ['a larger one', { max_tokens: 5000 }, { max_tokens: 64 }],
    ['the newer name', { max_completion_tokens: 9 }, { max_tokens: 9, max_completion_tokens: 9 }],
    [
      'both names, one too large',
      { max_tokens: 5000, max_completion_tokens: 5000 },
      { max_tokens: 64, max_completion_tokens: 64 },
    ],
  ])('with %s stays within the ticket', async (_, given, forwarded) => {
    const { dispatch, runtime } = await openWorld()
    await dispatch({ body: chatBody(given) })
    expect(runtime.asked[0]?.body).toMatchObject(forwarded)
  })
})

describe('a body that the node does not forward', () => {
  const imageAt = (url: unknown) =>
    chatBody({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: url }] }] })

  it.each([
    ['an image by address', imageAt({ url: 'https://example.com/a.png' })],
    ['an image by bare address', imageAt('http://169.254.169.254/')],
    ['an image from a file', imageAt({ url: 'file:///etc/passwd' })],
    [
      'a video by address',
      chatBody({
        messages: [
          { role: 'user', content: [{ type: 'video_url', video_url: { url: 'http://e.com/' } }] },
        ],
      }),
    ],
    ['more choices than the ticket', chatBody({ n: 2 })],
    ['an array', '[]'],
    ['no JSON', 'max_tokens=1'],
  ])('%s is refused without a proof', async (_, body) => {
    const { dispatch, runtime, proxy } = await openWorld()
    const { response } = await dispatch({ body })
    expect(proofOf(response)).toBe('')
    expect(await errorOf(response)).toEqual({ status: 400, code: 'invalid_body' })
    expect(runtime.asked).toEqual([])
    expect(proxy.counters.totals().accepted).toBe(0)
  })

  it('an image in the body itself is forwarded', async () => {
    const { dispatch, runtime } = await openWorld()
    const { response } = await dispatch({ body: imageAt({ url: 'data:image/png;base64,AAAA' }) })
    expect(response.status).toBe(200)
    expect(runtime.asked).toHaveLength(1)
  })

  it('one above 4 MB is refused', async () => {
    const { dispatch } = await openWorld()
    const { response } = await dispatch({ body: chatBody({ pad: 'x'.repeat(4 * 1024 * 1024) }) })
    expect(await errorOf(response)).toEqual({ status: 413, code: 'request_too_large' })
  })
})

describe('a node without a free slot', () => {
  it('says so at once, signed, while another dispatch runs', async () => {
    const { dispatch, proxy } = await openWorld({
      concurrency: 1,
      reply: { pieces: [content('first')], end: 'hang' },
    })
    const running = await dispatch()
    const { ticket, response } = await dispatch()
    expect(verifyBusy(ticketHash(ticket), proxy.node.signer.publicKey, proofOf(response))).toBe(
      true,
    )
    expect(await errorOf(response)).toEqual({ status: 429, code: 'busy' })
    expect(proxy.counters.totals()).toMatchObject({ accepted: 1, rejected_busy: 1 })
    await running.response.body?.cancel()
  })

  it.each([
    ['the node is full', { concurrency: 1 }, true, { running: 1, slots: 1 }],
    ['its runtime is full', { concurrency: 4, runtimeCapacity: 1 }, true, { running: 1, slots: 1 }],
    ['it pauses', { concurrency: 4 }, false, { running: 1, slots: 0 }],
  ])('tells how full it is, in a header and the body: %s', async (_, sizes, stillWorks, load) => {
    let works = true
    const { dispatch } = await openWorld({
      ...sizes,
      takesWork: () => works,
      reply: { pieces: [content('first')], end: 'hang' },
    })
    const running = await dispatch()
    works = stillWorks
    const { response } = await dispatch()
    expect(parseLoad(response.headers.get(loadHeader) ?? '')).toEqual(load)
    expect(await response.json()).toEqual({
      error: { code: 'busy', message: 'The node takes no further work at this moment.' },
      load,
    })
    await running.response.body?.cancel()
  })

  it('takes the next dispatch when the first has ended', async () => {
    const { dispatch, proxy } = await openWorld({ concurrency: 1 })
    await (await dispatch()).response.text()
    await proxy.slots.idle()
    const { response } = await dispatch()
    expect(response.status).toBe(200)
  })

  it.each([
    ['a node that takes no work', { takesWork: () => false }, {}],
    ['a node without that artifact', {}, { artifact_digest: `sha256:${'b'.repeat(64)}` }],
  ])('%s answers the same way', async (_, options, change) => {
    const { dispatch, proxy } = await openWorld(options)
    const { ticket, response } = await dispatch({ change })
    expect(verifyBusy(ticketHash(ticket), proxy.node.signer.publicKey, proofOf(response))).toBe(
      true,
    )
    expect(await errorOf(response)).toEqual({ status: 429, code: 'busy' })
  })
})

describe('a client that goes away', () => {
  it('ends the runtime at once, and the dispatch is counted', async () => {
    const { dispatch, proxy, runtime } = await openWorld({
      reply: { pieces: [content('first')], end: 'hang' },
    })
    const leaving = new AbortController()
    const { response } = await dispatch({ signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    await runtime.dropped
    await proxy.slots.idle()
    expect(proxy.counters.totals()).toMatchObject({
      accepted: 1,
      completed: 0,
      failed: 0,
      cancelled_by_client: 1,
    })
  })

  it('is noticed before the runtime has begun to answer', async () => {
    const { dispatch, proxy, runtime } = await openWorld({ reply: { pieces: [], end: 'hang' } })
    const leaving = new AbortController()
    const sent = dispatch({ signal: leaving.signal }).catch(() => undefined)
    while (runtime.asked.length === 0) await sleep(2)
    leaving.abort()
    await sent
    await runtime.dropped
    await proxy.slots.idle()
    expect(proxy.counters.totals().cancelled_by_client).toBe(1)
  })

  it('that only stops reading holds the runtime back', async () => {
    const total = 48
    const megabyte = content('x'.repeat(1024 * 1024 - 200))
    const { dispatch, runtime } = await openWorld({
      reply: { pieces: [...Array.from({ length: total }, () => megabyte), stop, done] },
    })
    const { response } = await dispatch()
    let before = -1
    while (runtime.written() !== before) {
      before = runtime.written()
      await sleep(150)
    }
    expect(runtime.written()).toBeLessThan((total / 2) * 1024 * 1024)
    expect(await eventsOf(response)).toHaveLength(total + 3)
  })
})
