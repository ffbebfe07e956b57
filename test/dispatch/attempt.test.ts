import { afterEach, describe, expect, test } from 'vitest'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { ids, nowMs, sleep, startTimer } from '../../src/adapters/system.ts'
import {
  type Attempt,
  type AttemptDeps,
  type AttemptOrder,
  startAttempt,
} from '../../src/dispatch/attempt.ts'
import type { DialFailure } from '../../src/dispatch/ports.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { chunkText } from '../../src/protocol/chat-chunk.ts'
import type { Sleep } from '../../src/protocol/clock.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { decodeTicket, ticketHash, ticketHeader, ticketRefusal } from '../../src/protocol/ticket.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import {
  answers,
  busy,
  drip,
  hangsUp,
  neverAnswers,
  refuses,
  type Script,
  says,
  streams,
  unsignedBusy,
} from '../support/host-answers.ts'
import { type ScriptedHost, startScriptedHost } from '../support/scripted-host.ts'
import { sleepShortened } from '../support/sleep-shortened.ts'
import { timersOver } from '../support/timers-over.ts'

const stage = 'test'
const root = makeSigner(generatePrivateKey())
const dialer = makeDialer({ allowsLoopback: true })
const deps: AttemptDeps = {
  stage,
  dialer,
  ticketSigner: makeTicketSigner({ stage, root, ids, nowMs }),
  ids,
  nowMs,
  startTimer,
}
const body = Buffer.from('{"messages":[]}')

const hosts: ScriptedHost[] = []
afterEach(() => Promise.all(hosts.splice(0).map((host) => host.stop())))

async function hostWith(...scripts: readonly Script[]): Promise<ScriptedHost> {
  const host = await startScriptedHost(...scripts)
  hosts.push(host)
  return host
}

const orderTo = (host: ScriptedHost, changes: Partial<AttemptOrder> = {}): AttemptOrder => ({
  candidate: aCandidate({ nodeId: host.nodeId, publicKey: host.publicKey, routeUrl: host.url }),
  holdId: ids.ulid(nowMs()),
  attempt: 1,
  path: '/v1/chat/completions',
  body,
  maxTokens: 64,
  choices: 1,
  priceVersion: 3,
  signal: new AbortController().signal,
  ...changes,
})

async function attemptAt(script: Script, changes: Partial<AttemptDeps> = {}) {
  const host = await hostWith(script)
  return { host, attempt: await startAttempt({ ...deps, ...changes }, orderTo(host)) }
}

/** `begins`: the reader has content with the first text. */
async function kindsOf(attempt: Attempt, begins = true): Promise<string[]> {
  if (attempt.kind === 'failed') throw new Error(`the attempt failed: ${attempt.reason}`)
  const batches = await Array.fromAsync(attempt.events, (batch) => {
    for (const event of batch) {
      if (begins && event.kind === 'chunk' && chunkText(event.chunk) !== '') attempt.contentBegan()
    }
    return batch.map(({ kind }) => kind)
  })
  return batches.flat()
}

describe('the order', () => {
  test('goes out under a ticket that the node accepts for this very body', async () => {
    const { host, attempt } = await attemptAt(streams(['Hello']))
    await kindsOf(attempt)
    const { headers, bytes, ticket } = host.lastDispatch()
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'content-length': String(body.byteLength),
    })
    expect(bytes).toEqual(body)
    expect(attempt.ticketHash).toBe(ticketHash(ticket))
    const signed = decodeTicket(String(headers[ticketHeader]))
    const expected = {
      stage,
      nodeId: host.nodeId,
      routeEpoch: 1,
      bodySha256: sha256Hex(body),
      rootPublicKeys: [root.publicKey],
      nowMs: nowMs(),
      bootedAtMs: 0,
    }
    expect(signed && ticketRefusal(signed, expected)).toBeUndefined()
  })

  test('has a fresh ticket each time', async () => {
    const host = await hostWith()
    for (const attempt of [1, 2])
      await kindsOf(await startAttempt(deps, orderTo(host, { attempt })))
    const [first, second] = host.dispatches.map(({ ticket }) => ticket)
    expect(first?.ticket_id).not.toBe(second?.ticket_id)
    expect([first?.attempt, second?.attempt]).toEqual([1, 2])
  })
})

describe('a host that does not start', () => {
  test.each([
    ['busy', busy, 'busy'],
    ['busy by the word of someone between', unsignedBusy, 'refused'],
    ['of another route', refuses(409), 'stale_route'],
    ['not ticketed', refuses(401), 'refused'],
    ['broken', refuses(500), 'refused'],
    ['elsewhere', refuses(307, { location: 'http://127.0.0.1:1/' }), 'refused'],
    ['without proof', streams(['x'], { proof: 'none' }), 'no_proof'],
    ['with the proof of another key', streams(['x'], { proof: 'of_a_stranger' }), 'no_proof'],
    ['gone', hangsUp, 'connect_failed'],
  ] satisfies [string, Script, string][])('%s', async (_, script, reason) => {
    const { host, attempt } = await attemptAt(script)
    const { ticket } = host.lastDispatch()
    expect(attempt).toEqual({
      kind: 'failed',
      reason,
      ticketId: ticket.ticket_id,
      ticketHash: ticketHash(ticket),
      candidate: expect.objectContaining({ nodeId: host.nodeId }),
    })
  })

  test('one that nobody listens for', async () => {
    const host = await startScriptedHost()
    await host.stop()
    expect(await startAttempt(deps, orderTo(host))).toMatchObject({ reason: 'connect_failed' })
  })

  test.each([
    ['connect_timeout', 'timed_out'],
    ['headers_timeout', 'timed_out'],
    ['route_not_allowed', 'connect_failed'],
    ['connection_failed', 'connect_failed'],
    ['aborted', 'aborted'],
  ] satisfies [DialFailure, string][])('by the word of the dialer: %s', async (dialed, reason) => {
    const failing = async () => ({ kind: 'failed', reason: dialed }) as const
    const { attempt } = await attemptAt(streams([]), { dialer: { post: failing, get: failing } })
    expect(attempt).toMatchObject({ kind: 'failed', reason })
  })

  test('holds no socket back', async () => {
    const host = await hostWith()
    const order = orderTo(host)
    for (const script of [busy, refuses(500), streams(['x'], { proof: 'none' })]) {
      host.plays(script)
      expect(await startAttempt(deps, order)).toMatchObject({ kind: 'failed' })
      await sleep(20)
      expect(await host.openConnections()).toBe(0)
    }
  })
})

describe('a host that starts', () => {
  test('is heard to the end, and its connection serves again', async () => {
    const host = await hostWith()
    for (const _ of [1, 2, 3]) {
      const attempt = await startAttempt(deps, orderTo(host))
      expect(await kindsOf(attempt)).toEqual(['chunk', 'chunk', 'chunk', 'chunk', 'claim', 'done'])
    }
    expect(host.connections()).toBe(1)
  })

  test('times out before its first text, whatever else it sends', async () => {
    const role = { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] }
    const short = { startTimer: timersOver(sleepShortened({ 30000: 150 })) }
    const { host, attempt } = await attemptAt(answers({ frames: drip(role, 20) }), short)
    const kinds = await kindsOf(attempt)
    expect(kinds.at(-1)).toBe('timeout')
    expect(kinds.filter((kind) => kind === 'chunk').length).toBeGreaterThan(1)
    expect(await host.lastDispatch().ended).toBe(false)
  })

  test('times out before its first content, whatever text its reader has no use for', async () => {
    const short = { startTimer: timersOver(sleepShortened({ 30000: 150 })) }
    const { host, attempt } = await attemptAt(answers({ frames: drip(says('a', 7), 20) }), short)
    const kinds = await kindsOf(attempt, false)
    expect(kinds.at(-1)).toBe('timeout')
    expect(kinds.filter((kind) => kind === 'chunk').length).toBeGreaterThan(1)
    expect(await host.lastDispatch().ended).toBe(false)
  })

  test('has time anew with each text', async () => {
    async function* slowly() {
      for (const text of ['a', 'b', 'c', 'd']) {
        yield says(text)
        await sleep(60)
      }
    }
    const short = { startTimer: timersOver(sleepShortened({ 30000: 150 })) }
    const { attempt } = await attemptAt(answers({ frames: slowly() }), short)
    expect(await kindsOf(attempt)).toEqual([...Array(4).fill('chunk'), 'claim', 'done'])
  })

  test('times out between two texts', async () => {
    const short = { startTimer: timersOver(sleepShortened({ 30000: 100 })) }
    const { attempt } = await attemptAt(answers({ frames: [says('a')], end: 'silence' }), short)
    expect(await kindsOf(attempt)).toEqual(['chunk', 'timeout'])
  })

  test('leaves no timer behind', async () => {
    let sleeping = 0
    const counted: Sleep = async (durationMs, signal) => {
      sleeping += 1
      await sleep(durationMs, signal)
      sleeping -= 1
    }
    const { attempt } = await attemptAt(streams(['a', 'b', 'c']), {
      startTimer: timersOver(counted),
    })
    await kindsOf(attempt)
    await sleep(0)
    expect(sleeping).toBe(0)
  })

  test('is not timed while its reader takes time', async () => {
    const short = { startTimer: timersOver(sleepShortened({ 30000: 100 })) }
    const { attempt } = await attemptAt(streams(['a', 'b']), short)
    if (attempt.kind === 'failed') throw new Error(attempt.reason)
    const kinds: string[] = []
    for await (const batch of attempt.events) {
      kinds.push(...batch.map(({ kind }) => kind))
      attempt.contentBegan()
      await sleep(60)
    }
    expect(kinds.at(-1)).toBe('done')
  })

  test.each(['done', 'error'])('is not waited for after %s', async (last) => {
    const frames = last === 'done' ? ['data: [DONE]\n\n'] : [{ error: { message: 'x' } }]
    const short = { startTimer: timersOver(sleepShortened({ 1000: 20 })) }
    const { attempt } = await attemptAt(answers({ frames, end: 'silence' }), short)
    expect(await kindsOf(attempt)).toEqual([last])
  })

  test('is cut off when its reader leaves', async () => {
    const { host, attempt } = await attemptAt(answers({ frames: drip(says('a'), 5) }))
    if (attempt.kind === 'failed') throw new Error(attempt.reason)
    for await (const _ of attempt.events) break
    expect(await host.lastDispatch().ended).toBe(false)
  })

  test('is cut off when the request ends', async () => {
    const host = await hostWith(answers({ frames: drip(says('a'), 5) }))
    const request = new AbortController()
    const attempt = await startAttempt(deps, orderTo(host, { signal: request.signal }))
    if (attempt.kind === 'failed') throw new Error(attempt.reason)
    for await (const _ of attempt.events) request.abort()
    expect(await host.lastDispatch().ended).toBe(false)
  })
})

test('a request that has ended starts nothing', async () => {
  const host = await hostWith(neverAnswers)
  const attempt = await startAttempt(deps, orderTo(host, { signal: AbortSignal.abort() }))
  expect(attempt).toMatchObject({ kind: 'failed', reason: 'aborted' })
})
