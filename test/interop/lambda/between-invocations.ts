/**
 * Between two invocations nothing runs. What a request owes is therefore on record when its last byte
 * leaves, and connections that ended meanwhile do no harm to the next one.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { metrics } from '../../../src/names.ts'
import { completionOf, streamOf } from '../../support/chat-client.ts'
import { streams } from '../../support/host-answers.ts'
import { type GatewayWorld, responseOf } from './gateway-world.ts'
import { type HowEnded, openWire, portOf } from './wire.ts'

/** Longer than a last byte takes through the adapter, after which the wire carries nothing. */
export const lagMs = 250

/** The adapter gives up its own connections to the server after four seconds. */
const adapterForgetsMs = 4_500

export function describeBetweenInvocations(world: () => GatewayWorld): void {
  test.each([
    ['a stream', true],
    ['one object', false],
  ])('%s is settled before its end, and frozen there', async (_, stream) => {
    const { bench, sandbox } = world()
    const { model } = await bench.sale([streams(['Hello'])])
    const customer = await bench.customer()
    sandbox.databaseWire.lag(lagMs)
    const response = await responseOf(await sandbox.chat(customer, { model: model.id, stream }))
    sandbox.databaseWire.lag(0)
    // Nothing of ours has run since the last byte arrived, nothing does before the next event, and what it
    // may have sent to the database shortly before that byte, or with it, does not arrive there.
    const { held, spent } = await bench.wallet(customer)
    const { receipt_hash, body, private: part } = await bench.onlyReceipt(customer)
    expect(held).toBe(0n)
    expect(spent).toBeGreaterThan(0n)
    expect(body.result.status).toBe('completed')
    // What CloudWatch is to count of it is printed by then as well.
    const counted = () =>
      linesOf(sandbox.output()).filter((line) => line.includes(metrics.requestsAnswered))
    await expect.poll(() => counted().at(-1), { timeout: 10_000 }).toContain(part.request_id)
    const { b3iq } = stream ? (await streamOf(response)).last : await completionOf(response)
    expect(b3iq).toMatchObject({ receipt_hash, cost_usd: body.charge.charge_usd })
  })

  describe('the next invocation answers', () => {
    /** One host behind a wire, asked twice. */
    async function askAgain(meanwhile: (endHost: (how: HowEnded) => number) => Promise<void>) {
      const { bench, sandbox } = world()
      let port = 0
      const hostWire = await openWire(() => port)
      try {
        const { model, host } = await bench.sale([streams(['Hello'])], {
          host: { routeUrl: hostWire.url },
        })
        port = portOf(host.url)
        host.always(streams(['Hello']))
        const customer = await bench.customer()
        const ask = async () => responseOf(await sandbox.chat(customer, { model: model.id }))
        expect((await ask()).status).toBe(200)
        await sandbox.api.rest()
        await meanwhile(hostWire.endAll)
        const { b3iq } = await completionOf(await ask())
        expect(b3iq.retries).toBe(0)
        expect(host.dispatches).toHaveLength(2)
      } finally {
        await hostWire.stop()
      }
    }

    test('when nothing happened meanwhile', () => askAgain(async () => undefined))

    test.each(['closed', 'reset', 'forgotten'] as const)(
      'when host and database have %s their connections meanwhile',
      (how) =>
        askAgain(async (endHost) => {
          expect(endHost(how)).toBeGreaterThan(0)
          expect(world().sandbox.databaseWire.endAll(how)).toBeGreaterThan(0)
        }),
    )

    test("when the adapter's own connections have grown too old", () =>
      askAgain(async (endHost) => {
        endHost('closed')
        await delay(adapterForgetsMs)
      }))
  })
}

const linesOf = (output: string): readonly string[] => output.split('\n')
