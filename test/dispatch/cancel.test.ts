/** The sender of cancels against the agent that obeys them, on real sockets. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { ids, nowMs, startTimer } from '../../src/adapters/system.ts'
import { type Attempt, type AttemptDeps, startAttempt } from '../../src/dispatch/attempt.ts'
import { type CancelDeps, cancelDispatch } from '../../src/dispatch/cancel.ts'
import { verifyClaim } from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { content, plainStream, startFakeRuntime } from '../apps/host/support/fake-runtime.ts'
import { makeTicketSigner, stage } from '../apps/host/support/gateway.ts'
import { startProxy, type TestProxy } from '../apps/host/support/proxy.ts'
import { chatOrderTo } from './chat-order.ts'

const signer = makeTicketSigner()
const deps: AttemptDeps = {
  stage,
  dialer: makeDialer({ allowsLoopback: true }),
  ticketSigner: () => signer,
  ids,
  nowMs,
  startTimer,
}

const stops: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** An agent whose runtime says one word and then nothing more, unless it is a plain answer. */
async function agentWith(reply: 'hangs' | 'answers'): Promise<TestProxy> {
  const hanging = { pieces: [content('Hel')], end: 'hang' } as const
  const runtime = await startFakeRuntime({ reply: reply === 'hangs' ? hanging : plainStream })
  const proxy = await startProxy({ runtimeUrl: runtime.url })
  stops.push(
    () => runtime.close(),
    () => proxy.close(),
  )
  return proxy
}

async function startAt({ node, url }: TestProxy) {
  const attempt = await startAttempt(
    deps,
    chatOrderTo({
      nodeId: node.nodeId,
      publicKey: node.signer.publicKey,
      routeUrl: url,
      routeEpoch: 3,
    }),
  )
  if (attempt.kind === 'failed') throw new Error(attempt.reason)
  return attempt
}
type OpenAttempt = Extract<Attempt, { kind: 'open' }>

/** Cancels after the first text, and hears the rest. */
async function cancelAfterText(attempt: OpenAttempt, changes: Partial<CancelDeps> = {}) {
  let outcome: Promise<string> | undefined
  const events = []
  for await (const batch of attempt.events) {
    events.push(...batch)
    outcome ??= cancelDispatch({ ...deps, ...changes }, attempt)
  }
  return { outcome: await outcome, events }
}

test('a cancel ends the dispatch, whose claim over what was delivered still comes', async () => {
  const attempt = await startAt(await agentWith('hangs'))
  const { outcome, events } = await cancelAfterText(attempt)
  expect(outcome).toBe('cancelled')
  const claim = events.find((event) => event.kind === 'claim')?.claim
  expect(claim?.claim).toMatchObject({ ticket_hash: attempt.ticketHash })
  expect(claim && verifyClaim(claim, attempt.candidate.publicKey)).toBe(true)
})

describe('a cancel that ends nothing says so', () => {
  test('after the dispatch has ended', async () => {
    const attempt = await startAt(await agentWith('answers'))
    await Array.fromAsync(attempt.events)
    expect(await cancelDispatch(deps, attempt)).toBe('not_running')
  })

  test.each([
    ['of a ticket that never was', { ticketId: 't_other' }],
    ['of a ticket by the same id', { ticketHash: 'f'.repeat(64) }],
  ])('%s', async (_, changes) => {
    const attempt = await startAt(await agentWith('hangs'))
    expect(await cancelDispatch(deps, { ...attempt, ...changes })).toBe('not_running')
    expect((await cancelAfterText(attempt)).outcome).toBe('cancelled')
  })

  test.each([
    ['of another stage', { stage: 'other' }],
    ['by a key that no root key certified', strangeSigner()],
    ['of another time', { nowMs: () => Date.now() - 600_000 }],
  ] satisfies [string, Partial<CancelDeps>][])('%s', async (_, changes) => {
    const attempt = await startAt(await agentWith('hangs'))
    expect(await cancelDispatch({ ...deps, ...changes }, attempt)).toBe('failed')
    expect((await cancelAfterText(attempt)).outcome).toBe('cancelled')
  })

  test('to another node than the one that runs it', async () => {
    const attempt = await startAt(await agentWith('hangs'))
    const other = await agentWith('hangs')
    const candidate = { ...attempt.candidate, routeUrl: other.url }
    expect(await cancelDispatch(deps, { ...attempt, candidate })).toBe('failed')
    await cancelAfterText(attempt)
  })

  test('to nobody', async () => {
    const proxy = await agentWith('answers')
    const attempt = await startAt(proxy)
    await Array.fromAsync(attempt.events)
    const candidate = { ...attempt.candidate, routeUrl: 'http://127.0.0.1:1' }
    expect(await cancelDispatch(deps, { ...attempt, candidate })).toBe('failed')
  })
})

test('a cancel goes by the key that the route registered', async () => {
  const attempt = await startAt(await agentWith('hangs'))
  const candidate = { ...attempt.candidate, certificateKeySha256: 'c'.repeat(64) }
  // Over plain http no key is shown, so that asking for one is seen by the refusal.
  expect(await cancelDispatch(deps, { ...attempt, candidate })).toBe('failed')
  await cancelAfterText(attempt)
})

test('a cancel waits for no body', async () => {
  const endless = createServer((_, response) => void response.writeHead(200).write('x'))
  endless.listen(0, '127.0.0.1')
  await once(endless, 'listening')
  stops.push(() => {
    endless.closeAllConnections()
    endless.close()
  })
  const address = endless.address()
  const port = typeof address === 'object' ? address?.port : 0
  const candidate = aCandidate({ routeUrl: `http://127.0.0.1:${port}` })
  const dispatched = { candidate, ticketId: 't', ticketHash: 'f'.repeat(64) }
  expect(await cancelDispatch(deps, dispatched)).toBe('cancelled')
})

function strangeSigner(): Partial<CancelDeps> {
  const strange = makeTicketSigner({}, makeSigner(generatePrivateKey()))
  return { ticketSigner: () => strange }
}
