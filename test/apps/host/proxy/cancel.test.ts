import { once } from 'node:events'
import { request as openRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Cancel, cancelPath, signCancel } from '../../../../src/protocol/cancel.ts'
import { sha256Hex } from '../../../../src/protocol/canonical.ts'
import { ClaimEvent, verifyClaim } from '../../../../src/protocol/claim.ts'
import { type Ticket, ticketHash, ticketHeader } from '../../../../src/protocol/ticket.ts'
import { content, sse, stop } from '../support/fake-runtime.ts'
import {
  chatBody,
  claimIn,
  encoded,
  errorOf,
  eventsOf,
  makeTicket,
  makeTicketSigner,
  stage,
} from '../support/gateway.ts'
import { openWorld } from '../support/host-world.ts'
import { startProxy } from '../support/proxy.ts'
import { startUnstoppableRuntime } from '../support/unstoppable-runtime.ts'

type World = { readonly proxy: Awaited<ReturnType<typeof startProxy>> }

const cancelOf = (ticket: Ticket, change: Partial<Cancel> = {}): Cancel => ({
  v: 1,
  stage,
  node_id: ticket.node_id,
  ticket_id: ticket.ticket_id,
  ticket_hash: ticketHash(ticket),
  at_ms: Date.now(),
  ...change,
})

const postCancel = ({ proxy }: World, body: string) =>
  fetch(`${proxy.url}${cancelPath}`, { method: 'POST', body })

const sendCancel = (world: World, cancel: Cancel, signer = makeTicketSigner()) =>
  postCancel(world, JSON.stringify(signCancel(cancel, signer)))

/** A dispatch whose runtime said something and then nothing more. */
async function openRunning(pieces: readonly string[] = [content('Hel'), content('lo')]) {
  const world = await openWorld({ reply: { pieces, end: 'hang' } })
  const { ticket, response } = await world.dispatch()
  // What was said is on its way; the cancel must not overtake it in this test.
  while (world.runtime.written() < Buffer.byteLength(pieces.join(''))) await sleep(2)
  await sleep(20)
  return { world, ticket, response }
}

describe('a cancel of the gateway', () => {
  it('ends the runtime at once and the stream with its claim, within two seconds', async () => {
    const { world, ticket, response } = await openRunning()
    const startedMs = performance.now()
    expect((await sendCancel(world, cancelOf(ticket))).status).toBe(200)
    const events = await eventsOf(response)
    await world.runtime.dropped
    expect(performance.now() - startedMs).toBeLessThan(2_000)

    const { claim } = claimIn(events)
    expect(verifyClaim(claim, world.proxy.node.signer.publicKey)).toBe(true)
    expect(claim.claim).toMatchObject({
      ticket_hash: ticketHash(ticket),
      finish_reason: 'cancelled',
      output_sha256: sha256Hex('Hello'),
    })
    expect(events.at(-1)).toBe('[DONE]')
    await world.proxy.slots.idle()
    expect(world.proxy.counters.totals()).toMatchObject({ cancelled_by_client: 1, failed: 0 })
    expect(world.proxy.kept).toEqual([])
  })

  it('leaves the reason that the runtime gave, and its usage', async () => {
    const { world, ticket, response } = await openRunning([
      content('Hi', { usage: { prompt_tokens: 3, completion_tokens: 1 } }),
      stop,
    ])
    await sendCancel(world, cancelOf(ticket))
    expect(claimIn(await eventsOf(response)).claim.claim).toMatchObject({
      finish_reason: 'stop',
      usage: { prompt: 3, completion: 1 },
    })
  })

  it('ends what has not begun to answer: a claim of nothing', async () => {
    const world = await openWorld({ reply: { pieces: [], silent: true } })
    const ticketSeen = Promise.withResolvers<Ticket>()
    const dispatched = world.dispatch({ seen: ticketSeen.resolve })
    while (world.runtime.asked.length === 0) await sleep(2)
    await sendCancel(world, cancelOf(await ticketSeen.promise))
    const { response } = await dispatched
    expect(claimIn(await eventsOf(response)).claim.claim).toMatchObject({
      finish_reason: 'cancelled',
      output_sha256: sha256Hex(''),
      first_content_ms: null,
    })
  })

  it('ends a reply that is one document with the claim as its member', async () => {
    const world = await openWorld({
      reply: { type: 'application/json', pieces: ['{"data'], end: 'hang' },
    })
    const ticketSeen = Promise.withResolvers<Ticket>()
    const body = JSON.stringify({ model: 'm', input: 'i' })
    const answered = world.dispatch({ path: '/v1/embeddings', body, seen: ticketSeen.resolve })
    while (world.runtime.written() === 0) await sleep(2)
    await sendCancel(world, cancelOf(await ticketSeen.promise))
    const reply = await (await answered).response.json()
    expect(reply).toMatchObject({ error: { code: 'cancelled' } })
    expect(ClaimEvent.parse(reply).b3iq.claim.claim.finish_reason).toBe('cancelled')
  })

  it('ends a runtime that goes on whatever happens, claimed is what was delivered', async () => {
    const runtime = await startUnstoppableRuntime(content('on '))
    const proxy = await startProxy({ runtimeUrl: runtime.url })
    onTestFinished(async () => {
      await proxy.close()
      await runtime.close()
    })
    const body = chatBody()
    const ticket = makeTicket(proxy.node.nodeId, body)
    const response = await fetch(`${proxy.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { [ticketHeader]: encoded(ticket) },
      body,
    })
    while (runtime.written() < 10) await sleep(2)
    const startedMs = performance.now()
    expect((await sendCancel({ proxy }, cancelOf(ticket))).status).toBe(200)
    const events = await eventsOf(response)
    await proxy.slots.idle()
    expect(performance.now() - startedMs).toBeLessThan(2_000)

    const delivered = events.filter((data) => data.includes('"choices"')).length
    expect(delivered).toBeGreaterThan(0)
    expect(claimIn(events).claim.claim).toMatchObject({
      finish_reason: 'cancelled',
      output_sha256: sha256Hex('on '.repeat(delivered)),
    })
    // It is still at it: what ended is the dispatch.
    const before = runtime.written()
    while (runtime.written() === before) await sleep(2)
  })

  it('ends a dispatch whose body is still on its way, before the runtime is asked', async () => {
    const world = await openWorld()
    const body = chatBody()
    const ticket = makeTicket(world.proxy.node.nodeId, body)
    const sending = openRequest(`${world.proxy.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { [ticketHeader]: encoded(ticket), 'content-length': body.length },
    })
    const hungUp = once(sending, 'error')
    sending.write(body.slice(0, 10))
    while (world.proxy.slots.inFlight('rt1') === 0) await sleep(2)
    expect((await sendCancel(world, cancelOf(ticket))).status).toBe(200)
    await hungUp
    await world.proxy.slots.idle()
    expect(world.runtime.asked).toEqual([])
    expect(world.proxy.kept).toEqual([])
  })

  it('that is sent again changes nothing', async () => {
    const { world, ticket, response } = await openRunning()
    const first = cancelOf(ticket)
    await Promise.all([sendCancel(world, first), sendCancel(world, first)])
    const events = await eventsOf(response)
    expect(events.filter((data) => data.startsWith('{"b3iq"'))).toHaveLength(1)
    await world.proxy.slots.idle()
    expect(await errorOf(await sendCancel(world, first))).toEqual({
      status: 404,
      code: 'unknown_ticket',
    })
  })

  it('cuts a stream that nobody reads within two seconds, and its claim is kept', async () => {
    const megabyte = content('x'.repeat(1024 * 1024 - 200))
    const world = await openWorld({ reply: { pieces: Array.from({ length: 48 }, () => megabyte) } })
    const { ticket, response } = await world.dispatch()
    let before = -1
    while (world.runtime.written() !== before) {
      before = world.runtime.written()
      await sleep(100)
    }
    await sendCancel(world, cancelOf(ticket))
    const startedMs = performance.now()
    await world.proxy.slots.idle()
    expect(performance.now() - startedMs).toBeLessThan(3_000)
    expect(world.proxy.kept.map(({ ticket: kept }) => kept.ticket)).toEqual([ticket])
    // Held until here: a reply that is forgotten would be hung up on.
    await response.body?.cancel().catch(() => undefined)
  })
})

describe('a cancel that is not the word of the gateway on this dispatch', () => {
  const minuteMs = 60_000
  it.each<[string, Partial<Cancel>, number, string]>([
    ['another ticket', { ticket_id: 't_other' }, 404, 'unknown_ticket'],
    ['another dispatch of that id', { ticket_hash: 'c'.repeat(64) }, 404, 'unknown_ticket'],
    ['another node', { node_id: `n_${'a'.repeat(26)}` }, 401, 'wrong_node'],
    ['another stage', { stage: 'prod' }, 401, 'wrong_stage'],
    ['another time', { at_ms: Date.now() - 3 * minuteMs }, 401, 'cancel_expired'],
  ])('%s: refused, and the dispatch runs on', async (_, change, status, code) => {
    const { world, ticket } = await openRunning()
    expect(await errorOf(await sendCancel(world, cancelOf(ticket, change)))).toEqual({
      status,
      code,
    })
    expect(world.proxy.slots.inFlight('rt1')).toBe(1)
  })

  it.each([
    ['nothing', ''],
    ['no cancel', '{}'],
    ['an unsigned one', JSON.stringify({ cancel: { v: 1 } })],
    ['far too much', 'x'.repeat(5_000)],
  ])('%s: 400', async (_, body) => {
    const { world } = await openRunning([sse({ choices: [] })])
    expect(await errorOf(await postCancel(world, body))).toEqual({
      status: 400,
      code: 'invalid_body',
    })
  })
})
