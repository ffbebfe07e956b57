/** What a scripted host says: the frames of an answer, how it proves itself and how it ends. */
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { chunkText, HostChunk } from '../../src/protocol/chat-chunk.ts'
import { type Claim, nodeReceiptHash, signClaim } from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner, type Signer } from '../../src/protocol/ed25519.ts'
import {
  formatLoad,
  loadHeader,
  proofHeader,
  signBusy,
  signProof,
  type Ticket,
  ticketHash,
} from '../../src/protocol/ticket.ts'
import { TokenCounts } from '../../src/protocol/usage.ts'

/** An object is sent as one `data:` line; a string as it stands. */
export type Frame = object | string

export type Answer = {
  readonly frames?: Iterable<Frame> | AsyncIterable<Frame>
  readonly proof?: 'genuine' | 'none' | 'of_a_stranger'
  /** Changes to the claim over what was sent, or none at all. */
  readonly claim?: Partial<Claim> | 'none'
  /** Signed by this node instead of the one that was asked. */
  readonly claimSigner?: Signer
  readonly end?: 'done' | 'without_done' | 'done_and_silence' | 'cut' | 'silence'
  readonly lineEnd?: '\n' | '\r\n'
  /** Bytes per write, so that characters, lines and events are torn apart. */
  readonly sliceBytes?: number
}

export type Turn = {
  readonly ticket: Ticket
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  readonly bytes: Buffer
  readonly node: Signer
  readonly nodeId: string
  readonly response: ServerResponse
}
export type Script = (turn: Turn) => Promise<void>

export const says = (text: string, index = 0): Frame => ({
  choices: [{ index, delta: { content: text }, finish_reason: null }],
})
export const finishes = (reason = 'stop', index = 0): Frame => ({
  choices: [{ index, delta: {}, finish_reason: reason }],
})
export const counts = (prompt: number, completion: number, cached = 0): Frame => ({
  choices: [],
  usage: usageOf(prompt, completion, cached),
})
export const usageOf = (prompt: number, completion: number, cached = 0) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  prompt_tokens_details: { cached_tokens: cached },
})

/** A whole answer: these texts, `stop`, a usage frame, the claim, `[DONE]`. */
export const streams = (texts: readonly string[], answer: Answer = {}): Script =>
  answers({ frames: [...texts.map((text) => says(text)), finishes(), counts(9, 3)], ...answer })

/** These frames, and only then whatever `answer` says of the end. */
export function answers(answer: Answer): Script {
  return async (turn) => {
    const { response } = turn
    const { frames = [], end = 'done', lineEnd = '\n', sliceBytes } = answer
    response.writeHead(200, { 'content-type': 'text/event-stream', ...proofOf(answer, turn) })
    response.flushHeaders()
    const sent: HostChunk[] = []
    const write = (frame: Frame) => writeSlices(response, frameText(frame, lineEnd), sliceBytes)
    for await (const frame of frames) {
      await write(frame)
      if (response.destroyed) return
      const chunk = HostChunk.safeParse(frame)
      if (chunk.success) sent.push(chunk.data)
    }
    if (end === 'cut') {
      // A reset overtakes what the reader has not taken yet, and here the reader shall have it all.
      await delay(30)
      return void response.destroy()
    }
    if (end === 'silence') return
    if (answer.claim !== 'none') await write(claimFrame(sent, answer, turn))
    if (end !== 'without_done') await write('data: [DONE]\n\n')
    if (end !== 'done_and_silence') response.end()
  }
}

export const busy: Script = async ({ ticket, node, response }) => {
  refuseWith(response, 429, { [proofHeader]: signBusy(ticket, node) })
}
/** As the agent says it, with what it counts itself. */
export const busyWith =
  (running: number, slots: number): Script =>
  async ({ ticket, node, response }) =>
    refuseWith(response, 429, {
      [proofHeader]: signBusy(ticket, node),
      [loadHeader]: formatLoad({ running, slots }),
    })
/** Whoever sits between can say 429 too, but cannot sign it. */
export const unsignedBusy: Script = async ({ response }) => refuseWith(response, 429)
export const refuses =
  (status: number, headers: Readonly<Record<string, string>> = {}): Script =>
  async ({ response }) =>
    refuseWith(response, status, headers)
/** The runtime takes the request for invalid, and the node signs for it. */
export const rejects: Script = async ({ ticket, node, response }) =>
  refuseWith(response, 400, { [proofHeader]: signProof(ticket, node) })
export const hangsUp: Script = async ({ response }) => void response.destroy()
export const neverAnswers: Script = async () => undefined

/** Waits that a test ends. */
export function makeLatch() {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** One frame every `everyMs`, for ever. */
export async function* drip(frame: Frame, everyMs: number): AsyncGenerator<Frame> {
  for (;;) {
    yield frame
    await delay(everyMs)
  }
}

function refuseWith(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify({ error: { code: 'refused', message: 'not now' } }))
}

export function proofOf(
  { proof = 'genuine' }: Pick<Answer, 'proof'>,
  { ticket, node }: Turn,
): Record<string, string> {
  if (proof === 'none') return {}
  const signer = proof === 'genuine' ? node : makeSigner(generatePrivateKey())
  return { [proofHeader]: signProof(ticket, signer) }
}

function claimFrame(sent: readonly HostChunk[], answer: Answer, turn: Turn): Frame {
  const of = { usage: lastUsage(sent), output_sha256: sha256Hex(sent.map(chunkText).join('')) }
  return claimMember(of, answer, turn)
}

/** The `b3iq` member of a last event, or of a document. */
export function claimMember(
  of: Pick<Claim, 'usage' | 'output_sha256'> & Partial<Claim>,
  answer: Pick<Answer, 'claim' | 'claimSigner'>,
  turn: Turn,
) {
  const changes = answer.claim === 'none' ? {} : answer.claim
  const claim: Claim = {
    v: 1,
    ticket_hash: ticketHash(turn.ticket),
    node_id: turn.nodeId,
    finish_reason: 'stop',
    ...of,
    first_content_ms: 1,
    total_ms: 2,
    runtime: { kind: 'llamacpp', version: 'b6600' },
    artifact_digest: turn.ticket.artifact_digest,
    ...changes,
  }
  const signed = signClaim(claim, answer.claimSigner ?? turn.node)
  return { b3iq: { claim: signed, receipt_hash: nodeReceiptHash(signed) } }
}

function lastUsage(sent: readonly HostChunk[]): TokenCounts | null {
  const usage = sent.findLast((chunk) => chunk.usage)?.usage
  if (!usage) return null
  return TokenCounts.parse({
    prompt: usage.prompt_tokens,
    cached_prompt: usage.prompt_tokens_details?.cached_tokens ?? 0,
    completion: usage.completion_tokens,
  })
}

function frameText(frame: Frame, lineEnd: string): string {
  const text = typeof frame === 'string' ? frame : `data: ${JSON.stringify(frame)}\n\n`
  return text.replaceAll('\n', lineEnd)
}

/** Waits for the reader, so that what was written tells how far it read. */
async function writeSlices(
  response: ServerResponse,
  text: string,
  sliceBytes: number | undefined,
): Promise<void> {
  const bytes = Buffer.from(text, 'utf8')
  const size = sliceBytes ?? bytes.byteLength
  for (let from = 0; from < bytes.byteLength; from += size) {
    if (response.destroyed) return
    const isTaken = response.write(bytes.subarray(from, from + size))
    if (sliceBytes !== undefined) await delay(1)
    if (!isTaken) await drained(response)
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const resume = () => {
      response.off('drain', resume)
      response.off('close', resume)
      resolve()
    }
    response.once('drain', resume)
    response.once('close', resume)
  })
}
