/** Relays a reply that is one JSON document, with the signed claim as its `b3iq` member. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import * as z from 'zod'
import { ChatDelta, HostChunk, WireUsage } from '../../../src/protocol/chat-chunk.ts'
import { limits } from '../../../src/protocol/limits.ts'
import type { Evidence } from './evidence.ts'
import { cancelledEndMs, type Relay, type RelayEnd } from './relay-events.ts'
import { hasLeft, sendJson, sendRefusal } from './replies.ts'
import { readBody } from './request-body.ts'
import { runtimeError } from './runtime-error.ts'

/** A message has the members of a delta, so its text is told by the same rule. */
const JsonReply = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: ChatDelta.nullish(),
        finish_reason: z.string().max(32).nullish(),
      }),
    )
    .max(limits.choices)
    .optional(),
  // Embeddings have no completion to count.
  usage: WireUsage.partial({ completion_tokens: true }).nullish(),
})

type JsonRelay = Relay & { readonly headers: OutgoingHttpHeaders }

const cancelledError = {
  error: { code: 'cancelled', message: 'The gateway cancelled this dispatch.' },
}

/** The claim of a dispatch that was cancelled before it had a reply. */
export async function endJsonCancelled({ to, evidence, headers }: JsonRelay): Promise<RelayEnd> {
  evidence.cancelled()
  sendJson(to, 200, { ...cancelledError, b3iq: evidence.signedClaim() }, headers)
  await hasLeft(to, cancelledEndMs)
  return 'cancelled_by_client'
}

export async function relayJson(
  relay: JsonRelay & { readonly from: IncomingMessage },
): Promise<RelayEnd> {
  const { from, to, evidence } = relay
  const body = await readBody(from, limits.hostReplyBytes)
  from.destroy()
  if (to.destroyed) return 'cancelled_by_client'
  const reply = body.ok ? parseReply(body.bytes) : undefined
  if (reply === undefined && relay.cancelled.aborted) return endJsonCancelled(relay)
  if (reply === undefined) {
    sendRefusal(to, runtimeError(), relay.headers)
    await hasLeft(to, relay.idleMs)
    return 'failed'
  }
  seeReply(reply, evidence)
  sendJson(to, 200, { ...reply, b3iq: evidence.signedClaim() }, relay.headers)
  return (await hasLeft(to, relay.idleMs)) ? 'completed' : 'cancelled_by_client'
}

function seeReply({ choices, usage }: z.infer<typeof JsonReply>, evidence: Evidence): void {
  evidence.see(
    HostChunk.parse({
      choices: choices?.map(({ message, finish_reason }) => ({ delta: message, finish_reason })),
    }),
  )
  if (usage) evidence.seeUsage({ ...usage, completion_tokens: usage.completion_tokens ?? 0 })
}

function parseReply(bytes: Buffer): z.infer<typeof JsonReply> | undefined {
  try {
    return JsonReply.parse(JSON.parse(bytes.toString('utf8')))
  } catch {
    return undefined
  }
}
