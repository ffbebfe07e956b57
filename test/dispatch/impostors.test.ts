/**
 * Whoever stands where a node should: nothing of an answer is handed on without that node's proof
 * over this very ticket, and no claim counts but that node's over this very dispatch.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { ids, nowMs, startTimer } from '../../src/adapters/system.ts'
import { type AttemptDeps, startAttempt } from '../../src/dispatch/attempt.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import { ofChunks } from '../../src/gateway/chat-work.ts'
import { makeRelay } from '../../src/gateway/relay.ts'
import { type Served, serveFrom } from '../../src/gateway/serve.ts'
import type { ChatChunk } from '../../src/protocol/chat-chunk.ts'
import { nodeReceiptHash, type SignedClaim } from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner, type Signer } from '../../src/protocol/ed25519.ts'
import { proofHeader, signBusy, signProof, type Ticket } from '../../src/protocol/ticket.ts'
import type { PricedCandidate } from '../../src/routing/choose.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { answers, finishes, refuses, type Script, says, streams } from '../support/host-answers.ts'
import { type ScriptedHost, startScriptedHost } from '../support/scripted-host.ts'

const deps: AttemptDeps = {
  stage: 'test',
  dialer: makeDialer({ allowsLoopback: true }),
  ticketSigner: makeTicketSigner({
    stage: 'test',
    root: makeSigner(generatePrivateKey()),
    ids,
    nowMs,
  }),
  ids,
  nowMs,
  startTimer,
}
const price = {
  promptNanoUsdPerMTok: 1n,
  cachedPromptNanoUsdPerMTok: 1n,
  completionNanoUsdPerMTok: 1n,
}

const hosts: ScriptedHost[] = []
afterEach(() => Promise.all(hosts.splice(0).map((host) => host.stop())))

async function hostWith(...scripts: readonly Script[]): Promise<ScriptedHost> {
  const host = await startScriptedHost(...scripts)
  hosts.push(host)
  return host
}

/** The order names `asked`; its route leads to `answering`. */
async function dispatch(asked: ScriptedHost, answering = asked) {
  const { nodeId, publicKey } = asked
  const candidate: PricedCandidate = {
    ...aCandidate({ nodeId, publicKey, routeUrl: answering.url }),
    price,
  }
  const attempt = await startAttempt(deps, {
    candidate,
    holdId: ids.ulid(nowMs()),
    attempt: 1,
    path: '/v1/chat/completions',
    body: Buffer.from('{"messages":[]}'),
    maxTokens: 64,
    choices: 1,
    priceVersion: 3,
    signal: new AbortController().signal,
  })
  return { candidate, attempt }
}

/** All that a customer would get of it, and what would be settled. */
async function relay(asked: ScriptedHost) {
  const { candidate, attempt } = await dispatch(asked)
  if (attempt.kind === 'failed') throw new Error(attempt.reason)
  const identity = { requestId: 'r', createdSec: 0, model: 'm', choices: 1 }
  const started = { kind: 'started', candidate, retries: 0, overheadMs: 0 } as const
  const events = serveFrom({
    attempt,
    relay: ofChunks(makeRelay(identity)),
    candidate,
    started,
    nowMs,
  })
  const chunks: ChatChunk[] = []
  for (;;) {
    const next = await events.next()
    if (next.done) return { chunks, served: next.value satisfies Served }
    if (next.value.kind === 'chunks') chunks.push(...next.value.chunks)
  }
}

/** Says 200 and a text under the proof that `sign` makes. */
const proving =
  (sign: (ticket: Ticket, node: Signer) => string): Script =>
  async ({ ticket, node, response }) => {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      [proofHeader]: sign(ticket, node),
    })
    response.write(`data: ${JSON.stringify(says('a text of nobody'))}\n\n`)
  }

describe('nothing is read from who does not prove to be the node that was asked', () => {
  test('a route that was pointed at another enrolled node, which proves itself', async () => {
    const [asked, other] = [await hostWith(), await hostWith(streams(['stolen']))]
    const { attempt } = await dispatch(asked, other)
    expect(attempt).toMatchObject({ kind: 'failed', reason: 'no_proof' })
    expect(other.dispatches).toHaveLength(1)
    expect(asked.dispatches).toEqual([])
  })

  test.each([
    ['no proof', () => ''],
    ['what is no signature', () => 'proof'],
    ['the proof of another ticket', (ticket, node) => signProof({ ...ticket, attempt: 2 }, node)],
    [
      'a proof for another body',
      (ticket, node) => signProof({ ...ticket, body_sha256: 'f'.repeat(64) }, node),
    ],
    ['a busy signature, which says something else', (ticket, node) => signBusy(ticket, node)],
    [
      'the right statement by another key',
      (ticket) => signProof(ticket, makeSigner(generatePrivateKey())),
    ],
  ] satisfies [string, Parameters<typeof proving>[0]][])('%s', async (_, sign) => {
    const host = await hostWith(proving(sign))
    expect((await dispatch(host)).attempt).toMatchObject({ kind: 'failed', reason: 'no_proof' })
    expect(await host.lastDispatch().ended).toBe(false)
  })

  test('a proof that was good for the dispatch before', async () => {
    let seen = ''
    const first = proving((ticket, node) => {
      seen = signProof(ticket, node)
      return seen
    })
    const host = await hostWith(
      first,
      proving(() => seen),
    )
    const { attempt } = await dispatch(host)
    if (attempt.kind === 'failed') throw new Error(attempt.reason)
    await attempt.events.return(undefined)
    expect((await dispatch(host)).attempt).toMatchObject({ kind: 'failed', reason: 'no_proof' })
  })

  test('another node that says the asked one is busy', async () => {
    const asked = await hostWith()
    const other = await hostWith(async ({ ticket, node, response }) => {
      response.writeHead(429, { [proofHeader]: signBusy(ticket, node) }).end()
    })
    expect((await dispatch(asked, other)).attempt).toMatchObject({ reason: 'refused' })
  })

  test('a redirect to where a proof would be had', async () => {
    const elsewhere = await hostWith(streams(['x']))
    const host = await hostWith(refuses(307, { location: elsewhere.url }))
    expect((await dispatch(host)).attempt).toMatchObject({ reason: 'refused' })
    expect(elsewhere.dispatches).toEqual([])
  })
})

describe('a text is relayed and its claim is none', () => {
  test.each([
    ['for another model file', { claim: { artifact_digest: `sha256:${'f'.repeat(64)}` } }],
    ['for another text', { claim: { output_sha256: 'f'.repeat(64) } }],
    ['for another ticket', { claim: { ticket_hash: 'f'.repeat(64) } }],
    ['in the name of another node', { claim: { node_id: `n_${'b'.repeat(26)}` } }],
    ['signed by another node', { claimSigner: makeSigner(generatePrivateKey()) }],
    ['that never comes', { claim: 'none' }],
  ] as const)('%s', async (_, answer) => {
    const host = await hostWith(answers({ frames: [says('Hello'), finishes()], ...answer }))
    const { served, chunks } = await relay(host)
    expect(served).toMatchObject({ delivered: true, claim: undefined })
    expect(chunks.length).toBeGreaterThan(0)
  })

  test('of another hold, signed by this node for the same text', async () => {
    const host = await hostWith(answers({ frames: [says('Hello'), finishes()] }))
    const { claim } = (await relay(host)).served
    if (claim === undefined) throw new Error('a genuine claim was refused')
    host.plays(replaying(claim))
    expect((await relay(host)).served).toMatchObject({ delivered: true, claim: undefined })
  })
})

test('the genuine claim of the node that was asked counts', async () => {
  const host = await hostWith(answers({ frames: [says('Hello'), finishes()] }))
  const { served } = await relay(host)
  expect(served.claim?.claim).toMatchObject({ node_id: host.nodeId })
})

/** A genuine answer that ends with a claim of the past. */
const replaying = (claim: SignedClaim): Script =>
  answers({
    frames: [says('Hello'), finishes(), { b3iq: { claim, receipt_hash: nodeReceiptHash(claim) } }],
    claim: 'none',
  })
