// What somebody gains who is not the gateway, or who stands between it and a node: nothing.
import { describe, expect, it } from 'vitest'
import { verifyClaim } from '../../../../src/protocol/claim.ts'
import { ticketHash, verifyBusy, verifyProof } from '../../../../src/protocol/ticket.ts'
import { content, sse } from '../support/fake-runtime.ts'
import {
  chatBody,
  claimIn,
  encoded,
  errorOf,
  eventsOf,
  makeTicket,
  post,
  proofOf,
} from '../support/gateway.ts'
import { openWorld } from '../support/host-world.ts'
import { makeNodeKey } from '../support/proxy.ts'

describe('a stolen ticket', () => {
  it('buys no other body', async () => {
    const { proxy, runtime } = await openWorld()
    const ticket = encoded(makeTicket(proxy.node.nodeId, chatBody()))
    const body = chatBody({ messages: [{ role: 'user', content: 'mine' }] })
    const response = await post({ proxyUrl: proxy.url, body, ticket })
    expect(await errorOf(response)).toEqual({ status: 401, code: 'wrong_body' })
    expect(runtime.asked).toEqual([])
  })

  it('buys nothing at another node', async () => {
    const [owner, other] = [await openWorld(), await openWorld()]
    const body = chatBody()
    const ticket = encoded(makeTicket(owner.proxy.node.nodeId, body))
    const response = await post({ proxyUrl: other.proxy.url, body, ticket })
    expect(await errorOf(response)).toEqual({ status: 401, code: 'wrong_node' })
    expect(other.runtime.asked).toEqual([])
  })

  it('buys nothing a second time, on the same path or another', async () => {
    const { proxy, runtime } = await openWorld()
    const body = chatBody()
    const ticket = encoded(makeTicket(proxy.node.nodeId, body))
    expect((await post({ proxyUrl: proxy.url, body, ticket })).status).toBe(200)
    for (const path of ['/v1/chat/completions', '/v1/completions', '/v1/embeddings']) {
      const again = await post({ proxyUrl: proxy.url, body, ticket, path })
      expect(await errorOf(again)).toEqual({ status: 409, code: 'ticket_replayed' })
    }
    expect(runtime.asked).toHaveLength(1)
  })

  it.each(['/slots', '/api/pull', '/invocations', '/tokenize'])(
    'buys nothing at %s',
    async (path) => {
      const { proxy, runtime } = await openWorld()
      const body = chatBody()
      const ticket = encoded(makeTicket(proxy.node.nodeId, body))
      const response = await post({ proxyUrl: proxy.url, body, ticket, path })
      expect(await errorOf(response)).toEqual({ status: 404, code: 'not_found' })
      expect(runtime.asked).toEqual([])
      // It was not used up: it is still good where it is meant for.
      expect((await post({ proxyUrl: proxy.url, body, ticket })).status).toBe(200)
    },
  )
})

describe('an agent that was started again', () => {
  it('refuses tickets from before its boot, although it has forgotten which were used', async () => {
    const first = await openWorld()
    const body = chatBody()
    const before = makeTicket(first.proxy.node.nodeId, body, {
      issued_at_ms: Date.now() - 10_000,
      expires_at_ms: Date.now() + 20_000,
    })
    const sending = { body, ticket: encoded(before) }
    expect((await post({ ...sending, proxyUrl: first.proxy.url })).status).toBe(200)

    const again = await openWorld({ node: first.proxy.node, bootedAtMs: Date.now() })
    const response = await post({ ...sending, proxyUrl: again.proxy.url })
    expect(await errorOf(response)).toEqual({ status: 401, code: 'ticket_before_boot' })
    expect(again.runtime.asked).toEqual([])
  })
})

describe('a route that was turned to another agent', () => {
  it('gives no proof that the gateway would take, whatever the other agent does', async () => {
    const [owner, thief] = [await openWorld(), await openWorld()]
    const body = chatBody()
    const ticket = makeTicket(owner.proxy.node.nodeId, body)
    const { publicKey } = owner.proxy.node.signer
    // The thief's own agent refuses, and proves nothing.
    const refused = await post({ proxyUrl: thief.proxy.url, body, ticket: encoded(ticket) })
    expect(verifyProof(ticketHash(ticket), publicKey, proofOf(refused))).toBe(false)
    expect(verifyBusy(ticketHash(ticket), publicKey, proofOf(refused))).toBe(false)
    // A proof that the thief's key makes, or that the owner made for another ticket, is none.
    const served = await thief.dispatch({ body })
    expect(verifyProof(ticketHash(ticket), publicKey, proofOf(served.response))).toBe(false)
    const earlier = await owner.dispatch({ body })
    expect(verifyProof(ticketHash(ticket), publicKey, proofOf(earlier.response))).toBe(false)
    expect(verifyProof(ticketHash(earlier.ticket), publicKey, proofOf(earlier.response))).toBe(true)
  })

  it('is told from the right one by its epoch: 409', async () => {
    const { dispatch, runtime } = await openWorld()
    for (const route_epoch of [2, 4]) {
      const { response } = await dispatch({ change: { route_epoch } })
      expect(await errorOf(response)).toEqual({ status: 409, code: 'stale_route' })
    }
    expect(runtime.asked).toEqual([])
  })
})

describe('a claim', () => {
  it('is for one ticket and so for one hold: for another it is worthless', async () => {
    const { dispatch, proxy } = await openWorld()
    const body = chatBody()
    const paid = await dispatch({ body })
    const { claim } = claimIn(await eventsOf(paid.response))
    expect(claim.claim.ticket_hash).toBe(ticketHash(paid.ticket))

    const otherHold = { ...paid.ticket, hold_id: '01JABCDEFGHJKMNPQRSTVWXYZ9' }
    expect(claim.claim.ticket_hash).not.toBe(ticketHash(otherHold))
    const { publicKey } = proxy.node.signer
    const moved = { ...claim, claim: { ...claim.claim, ticket_hash: ticketHash(otherHold) } }
    expect(verifyClaim(claim, publicKey)).toBe(true)
    expect(verifyClaim(moved, publicKey)).toBe(false)
  })

  it('of one node is none of another', async () => {
    const { dispatch } = await openWorld()
    const { claim } = claimIn(await eventsOf((await dispatch()).response))
    expect(verifyClaim(claim, makeNodeKey().signer.publicKey)).toBe(false)
  })
})

describe('a claim that was not read to its end', () => {
  it('is kept with its ticket, as far as the dispatch came', async () => {
    const usage = { usage: { prompt_tokens: 7, completion_tokens: 1 } }
    const { dispatch, proxy, runtime } = await openWorld({
      reply: { pieces: [content('Hel', usage), sse({ choices: [] })], end: 'hang' },
    })
    const leaving = new AbortController()
    const { ticket, response } = await dispatch({ signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    await runtime.dropped
    await proxy.slots.idle()
    const [kept] = proxy.kept
    expect(proxy.kept).toHaveLength(1)
    expect(kept?.ticket.ticket).toEqual(ticket)
    expect(kept?.claim.claim).toMatchObject({
      ticket_hash: ticketHash(ticket),
      usage: { prompt: 7, completion: 1 },
      finish_reason: null,
    })
  })
})
