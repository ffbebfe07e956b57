/**
 * A ticket is the gateway's signed order to one node for one attempt. The node trusts no connection
 * and no address, only this: who asks, for which profile, for how many tokens, for which body.
 * Tickets are signed by a key that lives a day in memory and is certified by the stage's root key.
 */
import * as z from 'zod'
import { domainHash, sha256Hex, taggedBytes } from './canonical.ts'
import { PublicKey, Signature, type Signer, verifyTagged } from './ed25519.ts'
import { ArtifactDigest, HoldId, NodeId, ProfileId, Sha256Hex } from './ids.ts'

export const ticketHeader = 'b3iq-ticket'
export const proofHeader = 'b3iq-proof'
/** Beside a busy reply: how full the node is. Unsigned, so it may shape a wait and nothing else. */
export const loadHeader = 'b3iq-load'
export const ticketLifeMsMax = 60_000

const timeMs = z.int().min(0)

export const Ticket = z.strictObject({
  v: z.literal(1),
  stage: z.string().max(32),
  ticket_id: z.string().max(64),
  hold_id: HoldId,
  attempt: z.int().min(1).max(16),
  node_id: NodeId,
  route_epoch: z.int().min(1),
  profile_id: ProfileId,
  artifact_digest: ArtifactDigest,
  max_tokens: z.int().min(1),
  n: z.int().min(1).max(16),
  price_version: z.int().min(0),
  body_sha256: Sha256Hex,
  issued_at_ms: timeMs,
  expires_at_ms: timeMs,
})
export type Ticket = z.infer<typeof Ticket>

export const TicketKey = z.strictObject({
  v: z.literal(1),
  stage: z.string().max(32),
  key_id: z.string().max(64),
  public_key: PublicKey,
  not_before_ms: timeMs,
  not_after_ms: timeMs,
})
export type TicketKey = z.infer<typeof TicketKey>

export const SignedTicket = z.strictObject({
  ticket: Ticket,
  signature: Signature,
  key: TicketKey,
  /** The root key's signature over `key`. */
  key_signature: Signature,
})
export type SignedTicket = z.infer<typeof SignedTicket>

/** A ticket key with its certificate, as the gateway keeps it in memory for a day. */
export type TicketSigner = {
  readonly key: TicketKey
  readonly keySignature: string
  readonly signer: Signer
}

export function certifyTicketKey(key: TicketKey, root: Signer): string {
  return root.sign('b3iq:ticket-key:v1', key)
}

export const signTicket = (ticket: Ticket, by: TicketSigner): SignedTicket =>
  issueTicket(ticket, by).signed

/** With its hash, which is over the same bytes as the signature. */
export function issueTicket(
  ticket: Ticket,
  by: TicketSigner,
): { readonly signed: SignedTicket; readonly hash: string } {
  const bytes = taggedBytes('b3iq:ticket:v1', ticket)
  const signed = {
    ticket,
    signature: by.signer.signBytes(bytes).toString('base64url'),
    key: by.key,
    key_signature: by.keySignature,
  }
  return { signed, hash: sha256Hex(bytes) }
}

export const ticketHash = (ticket: Ticket): string => domainHash('b3iq:ticket:v1', ticket)

export function encodeTicket(signed: SignedTicket): string {
  return Buffer.from(JSON.stringify(signed), 'utf8').toString('base64url')
}

/** Undefined for anything that is not a well-formed signed ticket. */
export function decodeTicket(header: string): SignedTicket | undefined {
  try {
    const parsed = SignedTicket.safeParse(
      JSON.parse(Buffer.from(header, 'base64url').toString('utf8')),
    )
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

export type TicketRefusal =
  | 'bad_ticket'
  | 'ticket_expired'
  | 'ticket_before_boot'
  | 'wrong_stage'
  | 'wrong_node'
  | 'stale_route'
  | 'wrong_body'

export type TicketExpectation = {
  readonly stage: string
  readonly nodeId: string
  readonly routeEpoch: number
  readonly bodySha256: string
  /** Root public keys learned at enrolment. */
  readonly rootPublicKeys: readonly string[]
  /** Server-corrected time of the node, and of its boot. */
  readonly nowMs: number
  readonly bootedAtMs: number
}

/** How far the corrected clock of a node may be off the gateway's. */
const clockToleranceMs = 5_000

/** Undefined when the ticket is good, else why the node refuses it. */
export function ticketRefusal(
  signed: SignedTicket,
  expected: TicketExpectation,
): TicketRefusal | undefined {
  const { ticket, key } = signed
  if (!isGenuineTicket(signed, expected.rootPublicKeys)) return 'bad_ticket'
  if (!isOfStage(signed, expected.stage)) return 'wrong_stage'
  if (ticket.node_id !== expected.nodeId) return 'wrong_node'
  if (ticket.issued_at_ms < expected.bootedAtMs - clockToleranceMs) return 'ticket_before_boot'
  if (!isCurrent(ticket, key, expected.nowMs)) return 'ticket_expired'
  if (ticket.route_epoch !== expected.routeEpoch) return 'stale_route'
  if (ticket.body_sha256 !== expected.bodySha256) return 'wrong_body'
  return undefined
}

/** Signed by a daily key that one of the root keys certifies; says nothing of time, node or body. */
export function isGenuineTicket(
  { ticket, signature, key, key_signature }: SignedTicket,
  rootPublicKeys: readonly string[],
): boolean {
  const proof = { publicKey: key.public_key, signature }
  return (
    isTicketKeyCertified({ key, key_signature }, rootPublicKeys) &&
    verifyTagged('b3iq:ticket:v1', ticket, proof)
  )
}

export function isTicketKeyCertified(
  { key, key_signature: signature }: Pick<SignedTicket, 'key' | 'key_signature'>,
  rootPublicKeys: readonly string[],
): boolean {
  return rootPublicKeys.some((publicKey) =>
    verifyTagged('b3iq:ticket-key:v1', key, { publicKey, signature }),
  )
}

export const isTicketKeyInUse = (
  key: TicketKey,
  nowMs: number,
  toleranceMs: number = clockToleranceMs,
): boolean => nowMs >= key.not_before_ms - toleranceMs && nowMs <= key.not_after_ms + toleranceMs

export const isOfStage = ({ ticket, key }: SignedTicket, stage: string): boolean =>
  ticket.stage === stage && key.stage === stage

/**
 * Issued while its key was in use, so that a key of the past makes no tickets of today. A gateway
 * reads its clock for the ticket before it makes the key of the day, hence the tolerance.
 */
export const isIssuedInKeyLife = ({ ticket, key }: SignedTicket): boolean =>
  ticket.issued_at_ms >= key.not_before_ms - clockToleranceMs &&
  ticket.issued_at_ms <= key.not_after_ms + clockToleranceMs

function isCurrent(ticket: Ticket, key: TicketKey, nowMs: number): boolean {
  return (
    ticket.expires_at_ms - ticket.issued_at_ms <= ticketLifeMsMax &&
    nowMs >= ticket.issued_at_ms - clockToleranceMs &&
    nowMs <= ticket.expires_at_ms + clockToleranceMs &&
    isTicketKeyInUse(key, nowMs)
  )
}

/** The node's answer that it holds the key of its id and has seen this very ticket. */
export function signProof(ticket: Ticket, node: Signer): string {
  return node.sign('b3iq:proof:v1', ticketHash(ticket))
}

export function verifyProof(hash: string, publicKey: string, signature: string): boolean {
  return verifyTagged('b3iq:proof:v1', hash, { publicKey, signature })
}

/** A refusal for load is signed too: nobody on the way can make a node look busy. */
export function signBusy(ticket: Ticket, node: Signer): string {
  return node.sign('b3iq:busy:v1', ticketHash(ticket))
}

export function verifyBusy(hash: string, publicKey: string, signature: string): boolean {
  return verifyTagged('b3iq:busy:v1', hash, { publicKey, signature })
}

/** As many requests as a node may say it takes at once. */
const loadMax = 4096
const loadCount = z.int().min(0).max(loadMax)

/** What runs where a dispatch was refused, and how much may run there at once; 0 where it pauses. */
export const NodeLoad = z.strictObject({ running: loadCount, slots: loadCount })
export type NodeLoad = z.infer<typeof NodeLoad>

/** `<running>/<slots>`. */
export const formatLoad = ({ running, slots }: NodeLoad): string => `${running}/${slots}`

/** Undefined for anything that no agent writes. */
export function parseLoad(header: string): NodeLoad | undefined {
  const [, running, slots] = /^(\d{1,4})\/(\d{1,4})$/.exec(header) ?? []
  return NodeLoad.safeParse({ running: Number(running), slots: Number(slots) }).data
}
