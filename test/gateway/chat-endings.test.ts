import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sweepWallet } from '../../src/ledger/sweep.ts'
import {
  askChat,
  chatPath,
  chatRequest,
  completionOf,
  errorOf,
  messages,
  streamOf,
} from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import {
  answers,
  drip,
  type Frame,
  finishes,
  makeLatch,
  neverAnswers,
  says,
  streams,
} from '../support/host-answers.ts'
import { sleepShortened } from '../support/sleep-shortened.ts'

let bench: GatewayBench

beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const dripping = (everyMs = 20) => answers({ frames: drip(says('word '), everyMs) })

describe('the deadline', () => {
  const soon = { deadlineMs: 500 }

  test('ends a dripping host in good order: a length, a receipt, [DONE]', async () => {
    const { model, host } = await bench.sale([dripping()])
    const customer = await bench.customer()
    const app = bench.appOf(soon)
    const body = { model: model.id, stream: true }
    const startedAtMs = Date.now()
    const reply = await streamOf(await askChat(app, customer, body))
    // 0.4 s for the host, then 1.5 s in which it could sign.
    expect(Date.now() - startedAtMs).toBeLessThan(4_000)
    expect(reply.isDone).toBe(true)
    expect(reply.text).toContain('word word')
    expect(reply.last.choices[0]?.finish_reason).toBe('length')
    expect(await host.lastDispatch().ended).toBe(false)
    const { result, charge } = (await bench.onlyReceipt(customer)).body
    expect(result).toEqual({ status: 'partial', finish_reason: null, error: 'deadline' })
    expect(charge.charge_usd).toBe(reply.last.b3iq?.cost_usd)
    const { held, spent } = await bench.wallet(customer)
    expect(held).toBe(0n)
    expect(spent).toBeGreaterThan(0n)
  })

  test('keeps the finish reasons of choices that had ended', async () => {
    async function* frames(): AsyncGenerator<Frame> {
      yield says('all of it', 0)
      yield finishes('stop', 0)
      yield* drip(says('word ', 1), 20)
    }
    const { model } = await bench.sale([answers({ frames: frames() })])
    const customer = await bench.customer()
    const body = { model: model.id, n: 2 }
    const { choices } = await completionOf(await askChat(bench.appOf(soon), customer, body))
    expect(choices.map((choice) => choice.finish_reason)).toEqual(['stop', 'length'])
  })

  test('before content is a timeout, costs nothing, and asks no further host', async () => {
    const { model, hosts } = await bench.sale([neverAnswers, streams(['late'])])
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(soon), customer, { model: model.id })
    expect(await errorOf(response)).toMatchObject({ status: 504, code: 'upstream_timeout' })
    expect(hosts[1]?.dispatches).toEqual([])
    expect((await bench.onlyReceipt(customer)).body).toMatchObject({
      result: { status: 'failed', error: 'deadline' },
      charge: { charge_usd: '0' },
    })
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })
})

test('a sweeper that decided first has decided: charge 0, its receipt, no salt', async () => {
  const latch = makeLatch()
  async function* frames(): AsyncGenerator<Frame> {
    yield says('Hello')
    await latch.opened
    yield finishes()
  }
  const { model } = await bench.sale([answers({ frames: frames() })])
  const customer = await bench.customer()
  const response = await askChat(bench.appOf(), customer, { model: model.id, stream: true })
  const later = { ...bench.sweep, nowMs: () => Date.now() + 3_600_000 }
  expect(await sweepWallet(later, await bench.wallet(customer))).toBe(1)
  const swept = await bench.onlyReceipt(customer)
  latch.open()
  const { b3iq } = (await streamOf(response)).last
  expect(b3iq).toMatchObject({ cost_usd: '0', salt: null, usage: { total_tokens: 0 } })
  expect(b3iq?.receipt_hash).toBe(swept.receipt_hash)
  expect((await bench.onlyReceipt(customer)).receipt_hash).toBe(swept.receipt_hash)
  expect(swept.body.result).toMatchObject({ status: 'expired' })
  expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
})

describe('a client that goes away', () => {
  test('during content: the host is cut off and what was produced is billed', async () => {
    const { model, host } = await bench.sale([dripping()])
    const customer = await bench.customer()
    const url = await bench.listen(bench.appOf())
    const gone = new AbortController()
    const request = chatRequest(customer, { model: model.id, stream: true })
    const response = await fetch(`${url}${chatPath}`, { ...request, signal: gone.signal })
    const reader = response.body?.getReader()
    await reader?.read()
    gone.abort()
    expect(await host.lastDispatch().ended).toBe(false)
    const { result, charge } = (await bench.onlyReceipt(customer)).body
    expect(result).toEqual({ status: 'partial', finish_reason: null, error: 'client_gone' })
    expect(charge.charge_usd).not.toBe('0')
  })

  test.each([true, false])('before content: nothing is billed; stream: %s', async (stream) => {
    const { model, host } = await bench.sale([neverAnswers])
    const customer = await bench.customer()
    const url = await bench.listen(bench.appOf())
    const gone = new AbortController()
    const asked = host.nextDispatch()
    const request = chatRequest(customer, { model: model.id, stream })
    const response = fetch(`${url}${chatPath}`, { ...request, signal: gone.signal })
    const failed = expect(response).rejects.toThrow()
    await asked
    gone.abort()
    await failed
    expect((await bench.onlyReceipt(customer)).body).toMatchObject({
      result: { status: 'failed', error: 'client_gone' },
      charge: { charge_usd: '0' },
    })
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
  })
})

describe('a client that stops reading', () => {
  const block = 'x'.repeat(64 * 1024)

  /** Counts what the host could write before nobody took it. */
  function countedBlocks() {
    const counter = { sent: 0 }
    async function* frames(): AsyncGenerator<Frame> {
      for (;;) {
        counter.sent += 1
        yield says(block)
      }
    }
    return { counter, script: answers({ frames: frames() }) }
  }

  test('stops the host too', async () => {
    const { counter, script } = countedBlocks()
    const { model } = await bench.sale([script])
    const customer = await bench.customer()
    const response = await askChat(bench.appOf(), customer, { model: model.id, stream: true })
    const reader = response.body?.getReader()
    await reader?.read()
    await delay(300)
    const sent = counter.sent
    await delay(200)
    // What lies in sockets and buffers, and not a block more.
    expect(counter.sent).toBe(sent)
    expect(sent).toBeLessThan(500)
    await reader?.read()
    await reader?.cancel()
    expect((await bench.onlyReceipt(customer)).body.result.error).toBe('client_gone')
  })

  test('is given up after a while, so that the request is settled', async () => {
    const { model, host } = await bench.sale([countedBlocks().script])
    const customer = await bench.customer()
    const app = bench.appOf({ sleep: sleepShortened({ 10000: 100 }) })
    const response = await askChat(app, customer, { model: model.id, stream: true })
    const { result } = (await bench.onlyReceipt(customer)).body
    expect(result).toMatchObject({ status: 'partial', error: 'client_gone' })
    expect(await host.lastDispatch().ended).toBe(false)
    expect(await bench.wallet(customer)).toMatchObject({ held: 0n })
    await expect(response.text()).rejects.toThrow('stopped reading')
  })

  test('loses its connection then', async () => {
    const { model } = await bench.sale([countedBlocks().script])
    const customer = await bench.customer()
    const app = bench.appOf({ sleep: sleepShortened({ 10000: 100 }) })
    const { hostname, port } = new URL(await bench.listen(app))
    const socket = connect(Number(port), hostname)
    const body = JSON.stringify({ model: model.id, messages, stream: true })
    socket.write(
      [
        `POST ${chatPath} HTTP/1.1`,
        'host: gateway',
        `authorization: Bearer ${customer.token}`,
        'content-type: application/json',
        `content-length: ${body.length}`,
        '',
        body,
      ].join('\r\n'),
    )
    socket.pause()
    expect((await bench.onlyReceipt(customer)).body.result.error).toBe('client_gone')
    const closed = once(socket, 'close')
    socket.on('error', () => undefined)
    socket.resume()
    await closed
  })
})
