// Customers' commands against the real gateway on the embedded database, over real HTTP, with a scripted
// host behind it: a paid answer, what it cost, and the proof of it.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leaves } from '../../../apps/cli/commands.ts'
import { gatewayEndpoints } from '../../../src/gateway/api/endpoints.ts'
import {
  type Customer,
  type GatewayBench,
  type Sale,
  startGatewayBench,
} from '../../support/gateway-bench.ts'
import { streams } from '../../support/host-answers.ts'
import { type Desk, makeDesk, piped } from './support/in-process.ts'

let bench: GatewayBench
let desk: Desk
let url = ''
let sale: Sale
let customer: Customer
beforeAll(async () => {
  bench = await startGatewayBench()
  url = await bench.listen(bench.appOf())
  sale = await bench.sale([streams(['Once upon', ' a time\u{1b}[2J.\n'])])
  customer = await bench.customer()
})
afterAll(() => bench.stop())
beforeEach(async () => {
  desk = await makeDesk({ newId: () => randomUUID() })
  await desk.write('api.key', customer.token)
  return () => desk.clear()
})

const buy = (...argv: string[]) =>
  desk.run(...argv, '--gateway', url, '--key-file', desk.at('api.key'))
const chat = (...more: string[]) => buy('chat', 'Tell me.', '--model', sale.model.id, ...more)

it('every question that the gateway answers has a command', () => {
  const called = new Set(
    leaves.flatMap(({ calls }) => calls.map((one) => one.replace(/:\w+/, '*'))),
  )
  const questions = Object.keys(gatewayEndpoints).map((one) => one.replace(/:\w+(\{.*\})?/, '*'))
  const left = questions.filter((one) => one.startsWith('GET') && !called.has(one))
  expect(left).toEqual(['GET /v1/openapi.json', 'GET /healthz'])
})

describe('chat', () => {
  it('prints the answer alone, harmless, and beside it what it cost and how to prove it', async () => {
    const { code, out, err } = await chat()
    expect({ code, out }).toEqual({ code: 0, out: 'Once upon a time\u{fffd}[2J.\n' })
    expect(err).toMatch(
      /^charge 0\.\d+ USD \(-?[\d.]+ USD below the benchmark\)\nreceipt [0-9a-f]{64}\n/,
    )
    const [, hash = '', salt = ''] = /verify ([0-9a-f]{64}) (--salt=\S+)/.exec(err) ?? []
    const proof = await desk.runWith(
      { env: { B3IQ_GATEWAY_URL: url, B3IQ_KEY_FILE: desk.at('api.key') } },
      'verify',
      hash,
      salt,
    )
    expect(proof.code).toBe(0)
    expect(proof.out).toMatch(/^private {4}passed/m)
    expect((await buy('receipt', hash)).out).toMatch(/private\.key_id +key_/)
  })

  it('is one JSON object for programs', async () => {
    const { code, out, err } = await chat('--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toMatchObject({ object: 'chat.completion', b3iq: { retries: 0 } })
  })

  it('asks what is piped in', async () => {
    const argv = ['chat', '-', '--model', sale.model.id, '--gateway', url]
    const key = ['--key-file', desk.at('api.key')]
    const { code } = await desk.runWith({ stdin: piped('Tell me.') }, ...argv, ...key)
    expect(code).toBe(0)
  })

  it('is refused with the words of the gateway', async () => {
    const { code, out, err } = await buy('chat', 'Tell me.', '--model', 'maker/none')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(
      /^b3iq: The model "maker\/none" is not on sale\..* \(model_not_found, request \S+\)\n$/,
    )
  })

  it('paid twice under one idempotency key is paid once', async () => {
    expect((await chat('--idempotency-key', 'once')).code).toBe(0)
    const { code, err } = await chat('--idempotency-key', 'once')
    expect(code).toBe(1)
    expect(err).toContain('idempotency_completed')
  })
})

describe('money', () => {
  it('is shown as balance, as usage and as CSV of all pages', async () => {
    expect((await chat()).code).toBe(0)
    expect((await buy('balance')).out).toMatch(/available_usd +9\.\d+/)
    const { out } = await buy('usage', '--limit', '2')
    expect(out).toMatch(/^when +type +USD +model/)
    expect(out).toMatch(/charge +-0\.\d+ +maker\/model/)
    expect(out).toContain('There is more: raise --limit.')
    const csv = (await buy('usage', '--csv')).out.trimEnd().split('\r\n')
    const rows = (await buy('usage', '--ndjson')).out.trimEnd().split('\n')
    expect(csv[0]).toMatch(/^id,at,type,/)
    expect(csv).toHaveLength(rows.length + 1)
    expect(JSON.parse(rows.at(-1) ?? '')).toMatchObject({ type: 'top_up', amount_usd: '10' })
  })

  it('has a price before it is spent', async () => {
    const body = { model: sale.model.id, messages: [{ role: 'user', content: 'x' }], max_tokens: 9 }
    const { code, out } = await buy('quote', await desk.write('body.json', body))
    expect(code).toBe(0)
    expect(out).toMatch(/^hold_usd +0\.\d+$/m)
    expect(out).toMatch(/^route_options:$/m)
  })

  it('is bounded by the key', async () => {
    expect((await buy('key')).out).toMatch(/^scopes +inference, billing:read$/m)
  })

  it('cannot be spent twice: a request that has ended cannot be cancelled', async () => {
    const { err } = await chat()
    const [hash = ''] = /[0-9a-f]{64}/.exec(err) ?? []
    const usage = JSON.parse((await buy('usage', '--json', '--limit', '1')).out)
    expect(usage.data[0].receipt_hash).toBe(hash)
    const { code, err: refusal } = await buy('cancel', usage.data[0].id)
    expect(code).toBe(1)
    expect(refusal).toContain('already_finished')
  })
})

it('models and the billing policy are for everyone', async () => {
  expect(await desk.run('models', '--gateway', url)).toMatchObject({ code: 0, err: '' })
  const { code, out } = await desk.run('billing-policy', '--gateway', url, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toHaveProperty('object')
})

describe('tail', () => {
  it('prints what is charged from now on, each once', async () => {
    const stop = new AbortController()
    let looks = 0
    const surroundings = {
      interrupted: () => stop.signal,
      sleep: async () => {
        looks += 1
        if (looks <= 2) await chat()
        if (looks === 3) stop.abort()
      },
    }
    const argv = ['tail', '--gateway', url, '--key-file', desk.at('api.key')]
    const { code, out } = await desk.runWith(surroundings, ...argv)
    expect(code).toBe(0)
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(new Set(lines).size).toBe(2)
    expect(lines[0]).toMatch(/^\S+Z {2}charge {2}-0\.\d+ {2}maker\/model/)
  })
})
