/** Relays a reply that is one JSON document, with the signed claim as its `b3iq` member. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import * as z from 'zod'
import { HostChunk } from '../../../src/protocol/chat-chunk.ts'
import { documentFacts } from '../../../src/protocol/document.ts'
import { type HostPath, isChunked, modalityOf } from '../../../src/protocol/host-path.ts'
import { limits } from '../../../src/protocol/limits.ts'
import type { Evidence } from './evidence.ts'
import type { Relay, RelayEnd } from './relay-events.ts'
import { hasLeft, sendJson, sendRefusal } from './replies.ts'
import { readBody } from './request-body.ts'
import { runtimeError } from './runtime-error.ts'

/** What a runtime says when it has failed, whatever its status was. */
const Failed = z.object({ error: z.unknown().refine(Boolean) })

type JsonRelay = Relay & { readonly headers: OutgoingHttpHeaders }

const cancelledError = {
  error: { code: 'cancelled', message: 'The gateway cancelled this dispatch.' },
}

/** The claim of a dispatch that was cancelled before it had a reply. */
export async function endJsonCancelled(relay: JsonRelay): Promise<RelayEnd> {
  const { to, evidence, headers } = relay
  evidence.cancelled()
  sendJson(to, 200, { ...cancelledError, b3iq: evidence.signedClaim() }, headers)
  await hasLeft(to, relay.idleMs)
  return 'cancelled_by_client'
}

export async function relayJson(
  relay: JsonRelay & { readonly from: IncomingMessage; readonly path: HostPath },
): Promise<RelayEnd> {
  const { from, to, evidence, path } = relay
  // The gateway reads so much of the reply and the claim together.
  const bytesMax = isChunked(path) ? limits.hostReplyBytes : limits.hostDocumentBytes
  const body = await readBody(from, bytesMax - limits.claimBytes)
  from.destroy()
  if (to.destroyed) return 'cancelled_by_client'
  const reply = body.ok ? parseReply(body.bytes, path) : undefined
  if (reply === undefined && relay.cancelled.aborted) return endJsonCancelled(relay)
  if (reply === undefined) {
    sendRefusal(to, runtimeError(), relay.headers)
    await hasLeft(to, relay.idleMs)
    return 'failed'
  }
  reply.show(evidence)
  sendJson(to, 200, { ...reply.json, b3iq: evidence.signedClaim() }, relay.headers)
  return (await hasLeft(to, relay.idleMs)) ? 'completed' : 'cancelled_by_client'
}

type Reply = { readonly json: object; readonly show: (to: Evidence) => void }

function parseReply(bytes: Buffer, path: HostPath): Reply | undefined {
  try {
    const json = z.looseObject({}).parse(JSON.parse(bytes.toString('utf8')))
    if (Failed.safeParse(json).success) return undefined
    const modality = modalityOf[path]
    if (modality === 'text') {
      // As one chunk: what is text in it is told by the rule for streams.
      const chunk = HostChunk.parse(json)
      return { json, show: (evidence) => evidence.see(chunk) }
    }
    const facts = documentFacts(modality, json)
    return facts && { json, show: (evidence) => evidence.seeDocument(facts) }
  } catch {
    return undefined
  }
}
