/**
 * Ends a dispatch at the gateway's signed word. Whoever is not the gateway, or names what does not
 * run here, changes nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type CancelExpectation,
  type CancelRefusal,
  cancelBytesMax,
  cancelRefusal,
  SignedCancel,
} from '../../../src/protocol/cancel.ts'
import type { NowMs } from '../../../src/protocol/clock.ts'
import type { Log } from '../log.ts'
import { makeSparingLog } from '../sparing-log.ts'
import { type Refusal, sendJson, sendRefusal } from './replies.ts'
import { readBody } from './request-body.ts'
import type { Running } from './running.ts'

export type CancelEndpoint = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const refusalMessages: Readonly<Record<CancelRefusal, string>> = {
  bad_cancel: 'A cancel needs the signature of a ticket key of the gateway.',
  wrong_stage: 'The cancel is for another stage.',
  wrong_node: 'The cancel is for another node.',
  cancel_expired: 'The cancel is not of this time.',
}

const malformed: Refusal = {
  status: 400,
  code: 'invalid_body',
  message: 'The body is not a signed cancel.',
}

const unknownTicket: Refusal = {
  status: 404,
  code: 'unknown_ticket',
  message: 'No dispatch of this ticket runs here.',
}

export function makeCancel(deps: {
  readonly expectation: () => CancelExpectation
  readonly running: Pick<Running, 'cancel'>
  readonly monotonicMs: NowMs
  readonly log: Log
}): CancelEndpoint {
  const logRefusal = makeSparingLog(deps.log, deps.monotonicMs)
  return async (request, response) => {
    const body = await readBody(request, cancelBytesMax)
    if (!body.ok) {
      if (body.reason === 'too_large') sendRefusal(response, malformed, { connection: 'close' })
      return
    }
    const signed = parse(body.bytes)
    if (signed === undefined) return sendRefusal(response, malformed)
    const refusal = cancelRefusal(signed, deps.expectation())
    if (refusal !== undefined) {
      logRefusal('cancel_refused', { code: refusal })
      const message = refusalMessages[refusal]
      return sendRefusal(response, { status: 401, code: refusal, message })
    }
    const { ticket_id: ticketId, ticket_hash: ticketHash } = signed.cancel
    const wasRunning = deps.running.cancel({ ticketId, ticketHash })
    deps.log('cancel', { ticket_id: ticketId, was_running: wasRunning })
    if (wasRunning) sendJson(response, 200, { ok: true })
    else sendRefusal(response, unknownTicket)
  }
}

function parse(bytes: Buffer): SignedCancel | undefined {
  try {
    return SignedCancel.safeParse(JSON.parse(bytes.toString('utf8'))).data
  } catch {
    return undefined
  }
}
