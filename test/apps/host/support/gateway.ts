/** The gateway's side of a dispatch, with real keys: it signs tickets and reads the answers. */
import { createParser } from 'eventsource-parser'
import * as z from 'zod'
import { sha256Hex } from '../../../../src/protocol/canonical.ts'
import { ClaimEvent } from '../../../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner } from '../../../../src/protocol/ed25519.ts'
import {
  certifyTicketKey,
  encodeTicket,
  proofHeader,
  signTicket,
  type Ticket,
  type TicketKey,
  ticketHeader,
} from '../../../../src/protocol/ticket.ts'

export const stage = 'test'
export const artifactDigest = `sha256:${'a'.repeat(64)}`

export const root = makeSigner(generatePrivateKey())
const daily = makeSigner(generatePrivateKey())
const dayMs = 86_400_000

export function makeTicketSigner(change: Partial<TicketKey> = {}, by = root) {
  const key: TicketKey = {
    v: 1,
    stage,
    key_id: 'tk_1',
    public_key: daily.publicKey,
    not_before_ms: Date.now() - dayMs,
    not_after_ms: Date.now() + dayMs,
    ...change,
  }
  return { key, keySignature: certifyTicketKey(key, by), signer: daily }
}

let issued = 0

export function makeTicket(nodeId: string, body: string, change: Partial<Ticket> = {}): Ticket {
  issued += 1
  return {
    v: 1,
    stage,
    ticket_id: `t_${issued}`,
    hold_id: '01JABCDEFGHJKMNPQRSTVWXYZ0',
    attempt: 1,
    node_id: nodeId,
    route_epoch: 3,
    profile_id: 'maker/model@q8',
    artifact_digest: artifactDigest,
    max_tokens: 64,
    n: 1,
    price_version: 1,
    body_sha256: sha256Hex(body),
    issued_at_ms: Date.now(),
    expires_at_ms: Date.now() + 30_000,
    ...change,
  }
}

export const encoded = (ticket: Ticket, signer = makeTicketSigner()): string =>
  encodeTicket(signTicket(ticket, signer))

export const chatBody = (extra: object = {}): string =>
  JSON.stringify({
    model: 'maker/model',
    messages: [{ role: 'user', content: 'a secret prompt' }],
    stream: true,
    stream_options: { include_usage: true },
    ...extra,
  })

export type Sending = {
  readonly proxyUrl: string
  readonly body: string
  /** @default `application/json` */
  readonly contentType?: string
  readonly ticket?: string
  readonly path?: string
  readonly signal?: AbortSignal
}

export function post({
  proxyUrl,
  body,
  contentType,
  ticket,
  path,
  signal,
}: Sending): Promise<Response> {
  return fetch(`${proxyUrl}${path ?? '/v1/chat/completions'}`, {
    method: 'POST',
    headers: {
      'content-type': contentType ?? 'application/json',
      ...(ticket === undefined ? {} : { [ticketHeader]: ticket }),
    },
    body,
    ...(signal === undefined ? {} : { signal }),
  })
}

export const proofOf = (response: Response): string => response.headers.get(proofHeader) ?? ''

/** The `data` of every event, in order. */
export async function eventsOf(response: Response): Promise<string[]> {
  const events: string[] = []
  const parser = createParser({ onEvent: ({ data }) => events.push(data) })
  parser.feed(await response.text())
  return events
}

/** The claim among the events; throws where there is none. */
export function claimIn(events: readonly string[]): z.infer<typeof ClaimEvent>['b3iq'] {
  const found = events.find((data) => data.startsWith('{"b3iq"'))
  return ClaimEvent.parse(JSON.parse(found ?? 'null')).b3iq
}

export async function errorOf(response: Response): Promise<{ status: number; code: string }> {
  const { error } = z.object({ error: z.object({ code: z.string() }) }).parse(await response.json())
  return { status: response.status, code: error.code }
}
