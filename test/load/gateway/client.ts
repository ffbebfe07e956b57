/**
 * One stream of the load: a customer's requests, one after the other, each with something in mind. Most are
 * read to their end; some are not streamed, left, cancelled by id, or sent again under one key.
 */
import { type Agent, request as openRequest } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import { absurd, assert } from '../../../src/protocol/assert.ts'
import { makeStream, type Stream } from '../../sim/engine/random.ts'
import { type Asking, ask, type Heard } from './ask.ts'
import { type ClientsSetup, type Customer, type Reply, tell } from './messages.ts'

type Act = Reply['act']

/** Of a hundred requests. */
const acts: readonly (readonly [Act, number])[] = [
  ['stream', 62],
  ['json', 10],
  ['leave', 10],
  ['cancel', 8],
  ['repeat', 10],
]
const cancelMsMax = 10_000
/** Of requests, how many come from customers who may run into a limit. */
const limitedShare = 0.15

export type Client = { readonly run: (stop: AbortSignal) => Promise<void> }

type Told = { readonly heard: Heard; readonly idempotencyKey: string | null }

export function makeClient(
  setup: ClientsSetup,
  { place, agent }: { readonly place: number; readonly agent: Agent },
): Client {
  const die = makeStream(setup.seed, `client ${place}`)
  let requests = 0

  const asking = (token: string, isStreamed: boolean): Asking => {
    requests += 1
    const includeUsage = isStreamed && die.chance(0.5)
    return {
      gatewayUrl: gatewayOf(setup, die),
      agent,
      token,
      body: {
        model: setup.model,
        stream: isStreamed,
        ...(includeUsage ? { stream_options: { include_usage: true } } : {}),
        max_tokens: die.between(setup.tokensLeast, setup.tokensMost),
        messages: [
          { role: 'system', content: `You are the assistant of client ${place}.` },
          { role: 'user', content: `Tell story ${requests} of client ${place}.` },
        ],
      },
    }
  }

  const leaveEarly = async (token: string) => {
    const leaving = new AbortController()
    const afterPieces = die.between(0, setup.tokensLeast)
    // Some leave before the first word; who waits for more words than come reads to the end.
    if (afterPieces === 0) setTimeout(() => leaving.abort(), die.below(1_500)).unref()
    return ask({
      ...asking(token, true),
      leave: leaving.signal,
      onContent: ({ count }) => {
        if (count === afterPieces) leaving.abort()
      },
    })
  }

  const cancelMidway = async (token: string) => {
    const atPiece = die.between(1, setup.tokensLeast)
    const order = { gatewayUrl: gatewayOf(setup, die), agent, token }
    let cancelled: Promise<string> | undefined
    const heard = await ask({
      ...asking(token, true),
      onContent: ({ count, requestId }) => {
        if (count === atPiece && requestId !== null) cancelled = cancelById(order, requestId)
      },
    })
    if (cancelled !== undefined) tell({ kind: 'cancel', answer: await cancelled })
    return heard
  }

  /** The same request three times under one key: the second while the first runs, the third after. */
  const repeat = async (token: string): Promise<readonly Told[]> => {
    const order = asking(token, die.chance(0.5))
    const idempotencyKey = `client ${place} request ${requests}`
    const headers = { 'idempotency-key': idempotencyKey }
    const again = () => ask({ ...order, gatewayUrl: gatewayOf(setup, die), headers })
    const both = await Promise.all([again(), delay(die.below(1_000)).then(again)])
    return [...both, await again()].map((heard) => ({ heard, idempotencyKey }))
  }

  const perform = async (act: Act, token: string): Promise<readonly Told[]> => {
    const once = (heard: Heard) => [{ heard, idempotencyKey: null }]
    switch (act) {
      case 'stream':
        return once(await ask(asking(token, true)))
      case 'json':
        return once(await ask(asking(token, false)))
      case 'leave':
        return once(await leaveEarly(token))
      case 'cancel':
        return once(await cancelMidway(token))
      case 'repeat':
        return repeat(token)
      default:
        return absurd(act)
    }
  }

  return {
    run: async (stop) => {
      while (!stop.aborted) {
        const { accountId, token } = customerOf(setup, place, die)
        const act = drawAct(die)
        const told = await perform(act, token)
        for (const { heard, idempotencyKey } of told) {
          tell({ kind: 'reply', reply: { ...heard, act, accountId, idempotencyKey } })
        }
        const isRefused = told[0]?.heard.end === 'error' || told[0]?.heard.end === 'broken'
        if (isRefused) await delay(setup.pauseMs * (0.5 + die.unit()))
      }
    },
  }
}

/** Mostly the stream's own, so that one that is at a limit does not keep the stream idle. */
function customerOf({ customers, limited }: ClientsSetup, place: number, die: Stream): Customer {
  const all = limited.length > 0 && die.chance(limitedShare) ? limited : customers
  const at = all === limited ? die.below(limited.length) : place % customers.length
  const customer = all[at]
  assert(customer !== undefined, 'a load has customers', { place })
  return customer
}

const gatewayOf = ({ gatewayUrls }: ClientsSetup, die: Stream): string =>
  gatewayUrls[die.below(gatewayUrls.length)] ?? ''

function drawAct(die: Stream): Act {
  let place = die.below(100)
  for (const [act, share] of acts) {
    if (place < share) return act
    place -= share
  }
  return 'stream'
}

const CancelReply = z.union([
  z.object({ status: z.string() }).transform(({ status }) => status),
  z.object({ error: z.object({ code: z.string() }) }).transform(({ error }) => error.code),
])

/** What it answered; never rejects. */
function cancelById(
  to: { readonly gatewayUrl: string; readonly agent: Agent; readonly token: string },
  requestId: string,
): Promise<string> {
  return new Promise((resolve) => {
    const request = openRequest(`${to.gatewayUrl}/v1/requests/${requestId}/cancel`, {
      method: 'POST',
      agent: to.agent,
      signal: AbortSignal.timeout(cancelMsMax),
      headers: { authorization: `Bearer ${to.token}`, 'content-length': 0 },
    })
    request.once('response', (response) => {
      textOf(response).then(
        (text) => resolve(CancelReply.catch('unreadable').parse(JSON.parse(text))),
        () => resolve('broken'),
      )
    })
    request.on('error', () => resolve('broken'))
    request.end()
  })
}
