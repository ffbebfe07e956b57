import { describe, expect, it } from 'vitest'
import { generatePrivateKey, makeSigner } from '../../../../src/protocol/ed25519.ts'
import type { Ticket } from '../../../../src/protocol/ticket.ts'
import {
  chatBody,
  encoded,
  errorOf,
  makeTicket,
  makeTicketSigner,
  post,
  proofOf,
} from '../support/gateway.ts'
import { openWorld } from '../support/host-world.ts'

const otherNode = `n_${'a'.repeat(26)}`
const minutesAgo = (minutes: number) => Date.now() - minutes * 60_000

describe('a ticket is refused, unsigned, when', () => {
  it.each<[string, Partial<Ticket>, number, string]>([
    ['it is for another stage', { stage: 'prod' }, 401, 'wrong_stage'],
    ['it is for another node', { node_id: otherNode }, 401, 'wrong_node'],
    [
      'it was issued before the agent started',
      { issued_at_ms: minutesAgo(5), expires_at_ms: minutesAgo(4.5) },
      401,
      'ticket_before_boot',
    ],
    [
      'its time is over',
      { issued_at_ms: minutesAgo(0.9), expires_at_ms: minutesAgo(0.5) },
      401,
      'ticket_expired',
    ],
    [
      'its time has not come',
      { issued_at_ms: minutesAgo(-5), expires_at_ms: minutesAgo(-5.5) },
      401,
      'ticket_expired',
    ],
    ['it lives too long', { expires_at_ms: minutesAgo(-2) }, 401, 'ticket_expired'],
    ['it names another route epoch', { route_epoch: 2 }, 409, 'stale_route'],
    ['it names another body', { body_sha256: 'c'.repeat(64) }, 401, 'wrong_body'],
  ])('%s', async (_, change, status, code) => {
    const { dispatch, runtime, proxy } = await openWorld()
    const { response } = await dispatch({ change })
    expect(proofOf(response)).toBe('')
    expect(await errorOf(response)).toEqual({ status, code })
    expect(runtime.asked).toEqual([])
    expect(proxy.counters.totals()).toMatchObject({ accepted: 0, rejected_busy: 0 })
    expect(proxy.slots.inFlight('rt1')).toBe(0)
  })

  const stranger = makeSigner(generatePrivateKey())
  const good = makeTicketSigner()
  it.each<[string, (ticket: Ticket) => string | undefined]>([
    ['there is none', () => undefined],
    ['it is not one', () => 'bm90IGEgdGlja2V0'],
    ['another root certified its key', (one) => encoded(one, makeTicketSigner({}, stranger))],
    ['its key is another', (one) => encoded(one, { ...good, signer: stranger })],
    [
      'it was changed after it was signed',
      (one) => {
        const signed = JSON.parse(Buffer.from(encoded(one), 'base64url').toString())
        signed.ticket.max_tokens = 1_000_000
        return Buffer.from(JSON.stringify(signed)).toString('base64url')
      },
    ],
  ])('%s: bad_ticket', async (_, forge) => {
    const { proxy, runtime } = await openWorld()
    const body = chatBody()
    const ticket = forge(makeTicket(proxy.node.nodeId, body))
    const response = await post({
      proxyUrl: proxy.url,
      body,
      ...(ticket === undefined ? {} : { ticket }),
    })
    expect(await errorOf(response)).toEqual({ status: 401, code: 'bad_ticket' })
    expect(runtime.asked).toEqual([])
  })

  it.each([
    ['its key is of yesterday', { not_after_ms: minutesAgo(1) }, 'ticket_expired'],
    ['its key is of another stage', { stage: 'prod' }, 'wrong_stage'],
  ])('%s', async (_, change, code) => {
    const { proxy } = await openWorld()
    const body = chatBody()
    const ticket = encoded(makeTicket(proxy.node.nodeId, body), makeTicketSigner(change))
    const response = await post({ proxyUrl: proxy.url, body, ticket })
    expect(await errorOf(response)).toEqual({ status: 401, code })
  })
})

describe('a ticket is good once', () => {
  it('and a second showing is refused', async () => {
    const { proxy, runtime } = await openWorld()
    const body = chatBody()
    const ticket = encoded(makeTicket(proxy.node.nodeId, body))
    const sending = { proxyUrl: proxy.url, body, ticket }
    expect((await post(sending)).status).toBe(200)
    expect(await errorOf(await post(sending))).toEqual({ status: 409, code: 'ticket_replayed' })
    expect(runtime.asked).toHaveLength(1)
  })

  it('even where the first showing was refused as busy', async () => {
    let takesWork = false
    const { proxy, runtime } = await openWorld({ takesWork: () => takesWork })
    const body = chatBody()
    const ticket = encoded(makeTicket(proxy.node.nodeId, body))
    const sending = { proxyUrl: proxy.url, body, ticket }
    expect((await post(sending)).status).toBe(429)
    takesWork = true
    expect((await post(sending)).status).toBe(409)
    expect(runtime.asked).toEqual([])
  })
})
