/**
 * The one upstream of every bench. Without a ticket it answers like an OpenAI-compatible server; to a ticket it
 * does what an agent does: verifies it, proves its key, and signs a claim over the same answer. So what
 * differs is only what our protocol asks of a host.
 */
import type { Socket } from 'node:net'
import * as z from 'zod'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { nodeReceiptHash, signClaim } from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import {
  decodeTicket,
  proofHeader,
  signProof,
  type Ticket,
  ticketHash,
  ticketHeader,
  ticketRefusal,
} from '../../src/protocol/ticket.ts'
import {
  type Answer,
  asksForWords,
  eventOf,
  lastChunk,
  makeAnswers,
  streamHead,
} from './answers.ts'
import { type LeanRequest, startLeanServer } from './lean-server.ts'
import { serveParent } from './parent.ts'

const Setup = z.strictObject({
  stage: z.string(),
  rootPublicKeys: z.array(z.string()),
})

const node = makeSigner(generatePrivateKey())
const nodeId = nodeIdOf(node.publicKey)
const bootedAtMs = Date.now()
const answerTo = makeAnswers()
const streamAsked = /"stream":\s*true/
const refused = 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n'
const unknown = 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n'
const plainHead = streamHead()
const endOfStream = eventOf('[DONE]')

serveParent(async (given) => {
  const setup = Setup.parse(given)
  const { url } = await startLeanServer((request, socket) => respond(setup, request, socket))
  return { greeting: { url, nodeId, publicKey: node.publicKey }, answer: () => ({}) }
})

function respond(setup: z.infer<typeof Setup>, request: LeanRequest, socket: Socket): void {
  const text = request.body.toString('latin1')
  if (!asksForWords(text)) return void socket.write(unknown)
  const answer = answerTo(text)
  const header = request.header(ticketHeader)
  if (header !== undefined) {
    const ticket = checkedTicket(setup, header, request.body)
    if (ticket === undefined) return void socket.write(refused)
    const head = streamHead(`${proofHeader}: ${signProof(ticket, node)}\r\n`)
    stream(answer, socket, { head, last: () => claimEvent(ticket, answer) })
  } else if (streamAsked.test(text)) {
    stream(answer, socket, { head: plainHead, last: () => '' })
  } else {
    socket.write(answer.document)
  }
}

function checkedTicket(
  { stage, rootPublicKeys }: z.infer<typeof Setup>,
  header: string,
  body: Buffer,
): Ticket | undefined {
  const signed = decodeTicket(header)
  if (signed === undefined) return undefined
  const refusal = ticketRefusal(signed, {
    ...{ stage, rootPublicKeys, nodeId, bootedAtMs },
    routeEpoch: 1,
    nowMs: Date.now(),
    bodySha256: sha256Hex(body),
  })
  return refusal === undefined ? signed.ticket : undefined
}

type Ends = { readonly head: string; readonly last: () => Buffer | string }

/** The first word goes out with the head; a runtime that is ready sooner than it is read sends the rest at once. */
function stream(answer: Answer, socket: Socket, { head, last }: Ends): void {
  const finish = () => {
    socket.write(last())
    socket.write(endOfStream)
    socket.write(lastChunk)
    socket.uncork()
  }
  const [first = ''] = answer.events
  socket.cork()
  socket.write(head)
  socket.write(first)
  socket.uncork()
  if (answer.everyMs > 0) return void drip(answer, socket, finish)
  socket.cork()
  socket.write(answer.rest)
  finish()
}

function drip(answer: Answer, socket: Socket, finish: () => void): void {
  let at = 1
  const timer = setInterval(() => {
    const event = answer.events[at]
    at += 1
    if (socket.destroyed) return clearInterval(timer)
    if (event !== undefined) return void socket.write(event)
    clearInterval(timer)
    socket.cork()
    finish()
  }, answer.everyMs)
}

function claimEvent(ticket: Ticket, { usage, outputSha256 }: Answer): Buffer {
  const signed = signClaim(
    {
      v: 1,
      ticket_hash: ticketHash(ticket),
      node_id: nodeId,
      usage,
      finish_reason: 'stop',
      output_sha256: outputSha256,
      first_content_ms: 1,
      total_ms: 2,
      runtime: { kind: 'llamacpp', version: 'b6600' },
      artifact_digest: ticket.artifact_digest,
    },
    node,
  )
  return eventOf({ b3iq: { claim: signed, receipt_hash: nodeReceiptHash(signed) } })
}
