import { describe, expect, it } from 'vitest'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import {
  certifyTicketKey,
  decodeTicket,
  encodeTicket,
  formatLoad,
  parseLoad,
  type SignedTicket,
  signBusy,
  signProof,
  signTicket,
  type Ticket,
  type TicketExpectation,
  type TicketKey,
  ticketHash,
  ticketRefusal,
  verifyBusy,
  verifyProof,
} from '../../src/protocol/ticket.ts'

const nowMs = Date.UTC(2026, 0, 1)
const hourMs = 3_600_000
const root = makeSigner(generatePrivateKey())
const daily = makeSigner(generatePrivateKey())
const stranger = makeSigner(generatePrivateKey())

const key: TicketKey = {
  v: 1,
  stage: 'test',
  key_id: 'tk_1',
  public_key: daily.publicKey,
  not_before_ms: nowMs - hourMs,
  not_after_ms: nowMs + hourMs,
}
const ticket: Ticket = {
  v: 1,
  stage: 'test',
  ticket_id: 't_1',
  hold_id: '01JABCDEFGHJKMNPQRSTVWXYZ0',
  attempt: 1,
  node_id: `n_${'a'.repeat(26)}`,
  route_epoch: 3,
  profile_id: 'maker/model@q8',
  artifact_digest: `sha256:${'a'.repeat(64)}`,
  max_tokens: 64,
  n: 1,
  price_version: 1,
  body_sha256: 'b'.repeat(64),
  issued_at_ms: nowMs,
  expires_at_ms: nowMs + 30_000,
}
const expected: TicketExpectation = {
  stage: 'test',
  nodeId: ticket.node_id,
  routeEpoch: 3,
  bodySha256: ticket.body_sha256,
  rootPublicKeys: [root.publicKey],
  nowMs,
  bootedAtMs: nowMs - hourMs,
}

function issue(change: Partial<Ticket> = {}, keyChange: Partial<TicketKey> = {}): SignedTicket {
  const changedKey = { ...key, ...keyChange }
  return signTicket(
    { ...ticket, ...change },
    { key: changedKey, keySignature: certifyTicketKey(changedKey, root), signer: daily },
  )
}

describe('a ticket', () => {
  it('is good for the node, route, body and time it names', () => {
    expect(ticketRefusal(issue(), expected)).toBeUndefined()
  })

  it('travels in a header', () => {
    const signed = issue()
    expect(encodeTicket(signed)).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(decodeTicket(encodeTicket(signed))).toEqual(signed)
  })

  it.each(['', 'e30', 'not base64!', Buffer.from('null').toString('base64url')])(
    'is not read from "%s"',
    (header) => {
      expect(decodeTicket(header)).toBeUndefined()
    },
  )

  it('with a field that this version does not know is not read', () => {
    const signed = { ...issue(), ticket: { ...ticket, discount: 1 } }
    const header = Buffer.from(JSON.stringify(signed)).toString('base64url')
    expect(decodeTicket(header)).toBeUndefined()
  })

  it('of the next root key is good while both are known', () => {
    const rootPublicKeys = [stranger.publicKey, root.publicKey]
    expect(ticketRefusal(issue(), { ...expected, rootPublicKeys })).toBeUndefined()
  })
})

describe('a ticket is bad_ticket when', () => {
  const changes: readonly Partial<Ticket>[] = [
    { stage: 'prod' },
    { ticket_id: 't_2' },
    { hold_id: '01JABCDEFGHJKMNPQRSTVWXYZ1' },
    { attempt: 2 },
    { node_id: `n_${'b'.repeat(26)}` },
    { route_epoch: 4 },
    { profile_id: 'other' },
    { artifact_digest: 'name:other' },
    { max_tokens: 65 },
    { n: 2 },
    { price_version: 2 },
    { body_sha256: 'c'.repeat(64) },
    { issued_at_ms: nowMs + 1 },
    { expires_at_ms: nowMs + 30_001 },
  ]

  it.each(changes)('it was changed after it was signed: %j', (change) => {
    const forged = { ...issue(), ticket: { ...ticket, ...change } }
    expect(ticketRefusal(forged, expected)).toBe('bad_ticket')
  })

  it('every field but the version is among those changes', () => {
    const changed = changes.flatMap((change) => Object.keys(change))
    expect(new Set([...changed, 'v'])).toEqual(new Set(Object.keys(ticket)))
  })

  it.each<Partial<TicketKey>>([
    { stage: 'prod' },
    { key_id: 'tk_2' },
    { public_key: stranger.publicKey },
    { not_before_ms: 0 },
    { not_after_ms: nowMs + 2 * hourMs },
  ])('its key was changed after it was certified: %j', (change) => {
    const forged = { ...issue(), key: { ...key, ...change } }
    expect(ticketRefusal(forged, expected)).toBe('bad_ticket')
  })

  it('a stranger certified its key, or signed it, or no root is known', () => {
    const byStranger = { key, keySignature: certifyTicketKey(key, stranger), signer: daily }
    expect(ticketRefusal(signTicket(ticket, byStranger), expected)).toBe('bad_ticket')
    const signedByStranger = { ...issue(), signature: stranger.sign('b3iq:ticket:v1', ticket) }
    expect(ticketRefusal(signedByStranger, expected)).toBe('bad_ticket')
    expect(ticketRefusal(issue(), { ...expected, rootPublicKeys: [] })).toBe('bad_ticket')
  })
})

describe('a well-signed ticket is refused', () => {
  it.each<[string, SignedTicket, Partial<TicketExpectation>]>([
    ['wrong_stage', issue({ stage: 'prod' }), {}],
    ['wrong_stage', issue({}, { stage: 'prod' }), {}],
    ['wrong_node', issue(), { nodeId: `n_${'b'.repeat(26)}` }],
    ['stale_route', issue(), { routeEpoch: 4 }],
    ['wrong_body', issue(), { bodySha256: 'c'.repeat(64) }],
    ['ticket_before_boot', issue(), { bootedAtMs: nowMs + 5_001 }],
    ['ticket_expired', issue(), { nowMs: nowMs + 35_001 }],
    ['ticket_expired', issue(), { nowMs: nowMs - 5_001 }],
    ['ticket_expired', issue({ expires_at_ms: nowMs + 60_001 }), {}],
    ['ticket_expired', issue({}, { not_after_ms: nowMs - 5_001 }), {}],
    ['ticket_expired', issue({}, { not_before_ms: nowMs + 5_001 }), {}],
  ])('as %s', (code, signed, change) => {
    expect(ticketRefusal(signed, { ...expected, ...change })).toBe(code)
  })

  it('only beyond the tolerance for clocks', () => {
    for (const change of [
      { nowMs: nowMs + 35_000 },
      { nowMs: nowMs - 5_000 },
      { bootedAtMs: nowMs + 5_000 },
    ]) {
      expect(ticketRefusal(issue(), { ...expected, ...change })).toBeUndefined()
    }
  })
})

describe('proof and busy', () => {
  const node = makeSigner(generatePrivateKey())

  it('are signatures of the node over this ticket, and neither is the other', () => {
    const proof = signProof(ticket, node)
    const busy = signBusy(ticket, node)
    expect(verifyProof(ticketHash(ticket), node.publicKey, proof)).toBe(true)
    expect(verifyBusy(ticketHash(ticket), node.publicKey, busy)).toBe(true)
    expect(verifyProof(ticketHash(ticket), node.publicKey, busy)).toBe(false)
    expect(verifyBusy(ticketHash(ticket), node.publicKey, proof)).toBe(false)
  })

  it('hold for no other ticket, no other node and no other text', () => {
    const proof = signProof(ticket, node)
    const other = { ...ticket, attempt: 2 }
    expect(ticketHash(other)).not.toBe(ticketHash(ticket))
    expect(verifyProof(ticketHash(other), node.publicKey, proof)).toBe(false)
    expect(verifyProof(ticketHash(ticket), stranger.publicKey, proof)).toBe(false)
    expect(verifyProof(ticketHash(ticket), node.publicKey, '')).toBe(false)
    expect(verifyProof(ticketHash(ticket), 'no key', proof)).toBe(false)
  })
})

describe('the load beside a busy reply', () => {
  it.each([
    { running: 0, slots: 0 },
    { running: 3, slots: 4 },
    { running: 4096, slots: 4096 },
  ])('%j reads as it was written', (load) => {
    expect(parseLoad(formatLoad(load))).toEqual(load)
  })

  it.each(['', '3', '3/', '/4', '-1/4', '1.5/4', '3/4/5', '3 / 4', '4097/1', '1/99999', 'a/b'])(
    'is not %j',
    (header) => {
      expect(parseLoad(header)).toBeUndefined()
    },
  )
})
