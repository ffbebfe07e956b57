import { describe, expect, test } from 'vitest'
import { checkOffer, type OfferTerms } from '../../src/ingest/late-claim-offer.ts'
import { type Claim, signClaim } from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner, type Signer } from '../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import {
  certifyTicketKey,
  signTicket,
  type Ticket,
  type TicketKey,
  ticketHash,
} from '../../src/protocol/ticket.ts'

const hourMs = 3_600_000
const nowMs = Date.UTC(2026, 10, 21)
const newSigner = () => makeSigner(generatePrivateKey())
const root = newSigner()
const daily = newSigner()
const node = newSigner()
const stranger = newSigner()
const nodeId = nodeIdOf(node.publicKey)
const artifact_digest = `sha256:${'a'.repeat(64)}`

/** Ticket roots with the time until which each was in use. */
const publishedRoots = (...roots: readonly (readonly [Signer, number | null])[]) => ({
  stage: 'test',
  keys: roots.map(([{ publicKey: public_key }, not_after_ms], at) => {
    return {
      key_id: `tr_${at}`,
      use: 'ticket_root' as const,
      public_key,
      not_before_ms: 0,
      not_after_ms,
    }
  }),
  successions: [],
})

const terms: OfferTerms = {
  stage: 'test',
  publishedKeys: publishedRoots([root, null]),
  node: { nodeId, publicKey: node.publicKey },
}

const key: TicketKey = {
  v: 1,
  stage: 'test',
  key_id: 'tk_1',
  public_key: daily.publicKey,
  not_before_ms: nowMs - hourMs,
  not_after_ms: nowMs + hourMs,
}

type Changes = {
  readonly ticket?: Partial<Ticket>
  readonly key?: Partial<TicketKey>
  readonly claim?: Partial<Claim>
  readonly by?: { root?: Signer; ticket?: Signer; claim?: Signer }
}

function offer({ ticket: ticketChange, key: keyChange, claim: claimChange, by }: Changes = {}) {
  const ticket: Ticket = {
    v: 1,
    stage: 'test',
    ticket_id: 't_1',
    hold_id: '01JABCDEFGHJKMNPQRSTVWXYZ0',
    attempt: 1,
    node_id: nodeId,
    route_epoch: 3,
    profile_id: 'maker/model@q8',
    artifact_digest,
    max_tokens: 64,
    n: 1,
    price_version: 1,
    body_sha256: 'b'.repeat(64),
    issued_at_ms: nowMs,
    expires_at_ms: nowMs + 30_000,
    ...ticketChange,
  }
  const claim: Claim = {
    v: 1,
    ticket_hash: ticketHash(ticket),
    node_id: nodeId,
    usage: { prompt: 9, cached_prompt: 0, completion: 3 },
    finish_reason: 'stop',
    output_sha256: 'c'.repeat(64),
    first_content_ms: 200,
    total_ms: 900,
    runtime: { kind: 'llamacpp', version: 'b4000' },
    artifact_digest,
    ...claimChange,
  }
  const changedKey = { ...key, ...keyChange }
  const keySignature = certifyTicketKey(changedKey, by?.root ?? root)
  const signer = by?.ticket ?? daily
  return {
    ticket: signTicket(ticket, { key: changedKey, keySignature, signer }),
    claim: signClaim(claim, by?.claim ?? node),
  }
}

const reasonOf = (value: unknown) => {
  const checked = checkOffer(value, terms)
  return checked.kind === 'refused' ? checked.reason : undefined
}

describe('an offer is sound', () => {
  test('when ticket and claim are genuine and belong together, however old they are', () => {
    const sound = offer()
    const { ticket } = sound.ticket
    expect(checkOffer(sound, terms)).toEqual({
      kind: 'sound',
      ticketHash: ticketHash(ticket),
      offer: sound,
    })
  })

  test('when its ticket key was certified by one root of several', () => {
    const known = { ...terms, publishedKeys: publishedRoots([stranger, null], [root, null]) }
    expect(checkOffer(offer(), known).kind).toBe('sound')
  })

  test('when that root was in use then and has retired since', () => {
    const known = { ...terms, publishedKeys: publishedRoots([stranger, null], [root, nowMs]) }
    expect(checkOffer(offer(), known).kind).toBe('sound')
    const retired = { ...terms, publishedKeys: publishedRoots([root, nowMs - hourMs]) }
    expect(checkOffer(offer(), retired)).toMatchObject({ reason: 'bad_ticket' })
  })

  test('when it was issued just before its key was made, by the clock of the same gateway', () => {
    expect(reasonOf(offer({ ticket: { issued_at_ms: nowMs - hourMs - 1 } }))).toBeUndefined()
  })

  test('with fields beside ticket and claim that are new to us', () => {
    expect(reasonOf({ ...offer(), attempts: 2 })).toBeUndefined()
  })
})

describe('an offer is refused', () => {
  test.each([undefined, null, 7, 'claim', [], {}, { ticket: {}, claim: {} }])('%j', (value) => {
    expect(checkOffer(value, terms)).toEqual({
      kind: 'refused',
      ticketHash: undefined,
      reason: 'malformed',
    })
  })

  test.each<[string, Changes]>([
    ['certified by no root of ours', { by: { root: stranger } }],
    ['signed by another key than the certified one', { by: { ticket: stranger } }],
    ['of another stage', { ticket: { stage: 'prod' } }],
    ['of a key of another stage', { key: { stage: 'prod' } }],
    ['issued before its key was in use', { ticket: { issued_at_ms: nowMs - hourMs - 5_001 } }],
    ['issued after its key was in use', { ticket: { issued_at_ms: nowMs + hourMs + 5_001 } }],
  ])('with a ticket %s', (_, changes) => {
    expect(reasonOf(offer(changes))).toBe('bad_ticket')
  })

  test('with a ticket that was changed after it was signed', () => {
    const sound = offer()
    const ticket = { ...sound.ticket.ticket, max_tokens: 65 }
    const claim = signClaim({ ...sound.claim.claim, ticket_hash: ticketHash(ticket) }, node)
    expect(reasonOf({ ticket: { ...sound.ticket, ticket }, claim })).toBe('bad_ticket')
  })

  test.each<[string, Changes]>([
    ['ticket', { ticket: { node_id: `n_${'a'.repeat(26)}` } }],
    ['claim', { claim: { node_id: `n_${'a'.repeat(26)}` } }],
  ])('with a %s of another node', (_, changes) => {
    expect(reasonOf(offer(changes))).toBe('wrong_node')
  })

  test.each<[string, Changes]>([
    ['for another ticket', { claim: { ticket_hash: 'd'.repeat(64) } }],
    ['for another build', { claim: { artifact_digest: `sha256:${'b'.repeat(64)}` } }],
  ])('with a claim %s', (_, changes) => {
    expect(reasonOf(offer(changes))).toBe('claim_mismatch')
  })

  test('with a claim that the node did not sign', () => {
    expect(reasonOf(offer({ by: { claim: stranger } }))).toBe('bad_claim_signature')
  })
})
