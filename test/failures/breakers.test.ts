// Breakers end to end: what requests make of a host's breaker, and what its breaker makes of requests.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askChat, completionOf, errorOf } from '../support/chat-client.ts'
import { type GatewayBench, type Sale, startGatewayBench } from '../support/gateway-bench.ts'
import {
  answers,
  busy,
  finishes,
  makeLatch,
  refuses,
  type Script,
  says,
  streams,
} from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const failing = refuses(500)
const sound = streams(['Hello'])

/** A model whose hosts answer every dispatch alike. */
async function saleOf(...scripts: readonly Script[]): Promise<Sale> {
  const sale = await bench.sale(scripts)
  sale.hosts.forEach((host, index) => {
    host.always(scripts[index] ?? sound)
  })
  return sale
}

async function ask({ model }: Sale): Promise<Response> {
  return askChat(bench.appOf(), await bench.customer(), { model: model.id })
}

async function askOften(sale: Sale, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await (await ask(sale)).text()
}

const profileOf = ({ candidates: [first] }: Sale) => {
  if (first === undefined) throw new Error('no host sells this model')
  return first
}
const breakerOf = async (sale: Sale) => {
  const { nodeId, profileId } = profileOf(sale)
  return (await bench.fleet.readHotItems([nodeId])).get(nodeId)?.breakers[profileId]
}
const dispatchesOf = ({ hosts }: Sale) => hosts.map(({ dispatches }) => dispatches.length)

/** The first host's opened so long ago that its 30 s are over. */
async function halfOpenSale(...scripts: readonly Script[]): Promise<Sale> {
  const sale = await saleOf(...scripts)
  const atMs = Date.now() - 31_000
  for (let time = 0; time < 5; time += 1) {
    await bench.deps.breakers.countFailure(profileOf(sale), atMs)
  }
  return sale
}

describe('five failures open a breaker', () => {
  test('and the sixth request does not dial its host', async () => {
    const sale = await saleOf(failing, sound)
    await askOften(sale, 4)
    expect(await breakerOf(sale)).toMatchObject({ failures: 4, opens: 0, openUntilMs: 0 })
    const openedAtMs = Date.now()
    await askOften(sale, 1)
    const { opens, openUntilMs = 0 } = (await breakerOf(sale)) ?? {}
    expect(opens).toBe(1)
    expect(openUntilMs - openedAtMs).toBeGreaterThanOrEqual(30_000)
    expect(openUntilMs - Date.now()).toBeLessThanOrEqual(30_000)
    const sixth = await ask(sale)
    expect(sixth.headers.get('x-b3iq-retries')).toBe('0')
    expect(dispatchesOf(sale)).toEqual([5, 6])
  })

  test('and where there is no other host, the reply says so', async () => {
    const sale = await saleOf(failing)
    await askOften(sale, 5)
    const response = await ask(sale)
    expect(response.headers.get('retry-after')).toBe('15')
    expect(await errorOf(response)).toMatchObject({
      status: 503,
      code: 'no_eligible_host',
      shouldRetry: 'true',
      availability: { excluded_by: ['queue_unhealthy'] },
    })
    expect(dispatchesOf(sale)).toEqual([5])
  })

  test('also when they come at once', async () => {
    const sale = await saleOf(failing)
    await Promise.all(Array.from({ length: 5 }, () => askOften(sale, 1)))
    expect(await breakerOf(sale)).toMatchObject({ failures: 5, opens: 1 })
  })

  test('a host that is busy is not failing, however often', async () => {
    const sale = await saleOf(busy, sound)
    await askOften(sale, 6)
    expect(await breakerOf(sale)).toBeUndefined()
    expect(dispatchesOf(sale)).toEqual([6, 6])
  })

  test('a success in between takes nothing back', async () => {
    const sale = await saleOf(failing)
    await askOften(sale, 4)
    sale.host.plays(sound)
    await askOften(sale, 2)
    expect(await breakerOf(sale)).toMatchObject({ failures: 5, opens: 1 })
  })
})

describe('a half-open breaker', () => {
  test('lets one request through, and closes when that is served', async () => {
    const sale = await halfOpenSale(sound)
    const { choices } = await completionOf(await ask(sale))
    expect(choices[0]?.message.content).toBe('Hello')
    expect(await breakerOf(sale)).toBeUndefined()
    await askOften(sale, 2)
    expect(dispatchesOf(sale)).toEqual([3])
  })

  test('opens for twice as long when the trial fails', async () => {
    const sale = await halfOpenSale(failing)
    const beforeMs = Date.now()
    expect(await errorOf(await ask(sale))).toMatchObject({ code: 'upstream_error' })
    const { opens, openUntilMs = 0 } = (await breakerOf(sale)) ?? {}
    expect(opens).toBe(2)
    expect(openUntilMs - beforeMs).toBeGreaterThanOrEqual(60_000)
    await askOften(sale, 1)
    expect(dispatchesOf(sale)).toEqual([1])
  })

  test('lets nobody else through while the trial runs', async () => {
    const trial = makeLatch()
    async function* slowAnswer() {
      yield says('Hello')
      await trial.opened
      yield finishes()
    }
    const sale = await halfOpenSale(answers({ frames: slowAnswer() }))
    const asked = sale.host.nextDispatch()
    const first = ask(sale)
    await asked
    expect(await errorOf(await ask(sale))).toMatchObject({
      code: 'no_eligible_host',
      availability: { excluded_by: ['queue_unhealthy'] },
    })
    trial.open()
    expect((await first).status).toBe(200)
    expect(dispatchesOf(sale)).toEqual([1])
    expect(await breakerOf(sale)).toBeUndefined()
  })

  test('comes before hosts without blame, which answer where its trial fails', async () => {
    const sale = await halfOpenSale(failing, sound)
    const reply = await ask(sale)
    expect([reply.status, reply.headers.get('x-b3iq-retries')]).toEqual([200, '1'])
    expect(await breakerOf(sale)).toMatchObject({ opens: 2 })
    await askOften(sale, 1)
    expect(dispatchesOf(sale)).toEqual([1, 2])
  })
})
