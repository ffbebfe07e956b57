/** Hosts that die, requests that take too long and starts that fail end through the adapter as they do without it. */
import { describe, expect, test } from 'vitest'
import { envKey } from '../../../src/names.ts'
import { errorOf, streamOf } from '../../support/chat-client.ts'
import {
  answers,
  finishes,
  hangsUp,
  makeLatch,
  neverAnswers,
  type Script,
  says,
  streams,
} from '../../support/host-answers.ts'
import { type GatewaySandbox, type GatewayWorld, responseOf } from './gateway-world.ts'

/** What the adapter writes into the body where a server breaks off. */
export const adapterNoise = 'Lambda-Runtime-Function-Error'

const beforeContent: [string, Script][] = [
  ['hangs up', hangsUp],
  ['is cut before content', answers({ end: 'cut' })],
  ['ends with nothing', answers({ claim: 'none', end: 'without_done' })],
]

/** For two hosts: which of them is asked first is drawn, and whichever it is does this. */
function firstAsked(script: Script): readonly Script[] {
  let asked = 0
  const either: Script = (turn) => {
    asked += 1
    return (asked === 1 ? script : streams(['Hello']))(turn)
  }
  return [either, either]
}

export function describeFailures(world: () => GatewayWorld): void {
  async function ask(scripts: readonly Script[], body: object, sandbox = world().sandbox) {
    const { model } = await world().bench.sale(scripts)
    const customer = await world().bench.customer()
    const invocation = await sandbox.chat(customer, { model: model.id, ...body })
    return { customer, invocation }
  }

  describe('before content', () => {
    test.each(beforeContent)('a host %s: the next one answers', async (_, script) => {
      const { invocation } = await ask(firstAsked(script), { stream: true })
      const reply = await streamOf(await responseOf(invocation))
      expect(reply).toMatchObject({ text: 'Hello', isDone: true })
      expect(reply.last.b3iq).toMatchObject({ retries: 1 })
    })

    test.each(beforeContent)('the only host %s: an error with its status', async (_, script) => {
      const { invocation, customer } = await ask([script], { stream: true })
      const error = await errorOf(await responseOf(invocation))
      expect(error).toMatchObject({ status: 502, code: 'upstream_error' })
      expect(await world().bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
    })
  })

  test('a host dies in its answer: one error event, and the stream ends in good order', async () => {
    const broken = answers({ frames: [says('word '.repeat(8))], end: 'cut' })
    const { invocation, customer } = await ask(firstAsked(broken), { stream: true })
    expect(await invocation.ended()).toEqual({ kind: 'answered', trailers: {} })
    expect(invocation.body()).not.toContain(adapterNoise)
    const reply = await streamOf(await responseOf(invocation))
    expect(reply).toMatchObject({ text: 'word '.repeat(8), isDone: false })
    expect(reply.last).toMatchObject({
      choices: [{ finish_reason: 'error' }],
      error: { code: 'upstream_error' },
    })
    const { held, spent } = await world().bench.wallet(customer)
    expect({ held, isPaid: spent > 0n }).toEqual({ held: 0n, isPaid: true })
  })

  describe('at a deadline of 2 s', () => {
    const withSandbox = async (use: (sandbox: GatewaySandbox) => Promise<void>) => {
      const sandbox = await world().open({ [envKey.deadlineMs]: '2000' })
      try {
        // The first request of a process takes longest, and the deadline is to be the host's alone.
        const { invocation } = await ask([streams(['Hello'])], {}, sandbox)
        await invocation.ended()
        await use(sandbox)
        expect(sandbox.api.faults()).toEqual([])
      } finally {
        await sandbox.stop()
      }
    }

    test('a host that fell silent is cut off, whether it had begun or not', () =>
      withSandbox(async (sandbox) => {
        const begun = answers({ frames: [says('word ')], end: 'silence' })
        const { invocation } = await ask([begun], { stream: true }, sandbox)
        const reply = await streamOf(await responseOf(invocation))
        expect(reply).toMatchObject({ text: 'word ', isDone: true })
        expect(reply.last.b3iq).toMatchObject({ stopped_by: 'deadline' })

        const { invocation: second, customer } = await ask([neverAnswers], {}, sandbox)
        const error = await errorOf(await responseOf(second))
        expect(error).toMatchObject({ status: 504, code: 'upstream_timeout' })
        expect(await world().bench.wallet(customer)).toMatchObject({ held: 0n, spent: 0n })
      }))
  })

  test('told to stop in the middle of a stream, the server brings it to its end', async () => {
    const sandbox = await world().open()
    try {
      const latch = makeLatch()
      async function* frames() {
        yield says('one ')
        await latch.opened
        yield says('two')
        yield finishes()
      }
      const { invocation, customer } = await ask(
        [answers({ frames: frames() })],
        { stream: true },
        sandbox,
      )
      await invocation.says('one ')
      sandbox.send('SIGTERM')
      latch.open()
      const reply = await streamOf(await responseOf(invocation))
      expect(reply).toMatchObject({ text: 'one two', isDone: true })
      expect((await world().bench.wallet(customer)).held).toBe(0n)
      sandbox.thaw()
      expect(await sandbox.exited()).toEqual({ code: 0, signal: null })
    } finally {
      await sandbox.stop()
    }
  })

  test('secrets that cannot be read: the start ends with a sentence that says so', async () => {
    const source = world().artefact.variables[envKey.secretsSource] ?? ''
    const sandbox = await world().open({
      // As in the template of a stage that is deployed, with nobody behind the parameter.
      [envKey.stage]: 'dev',
      [envKey.secretsSource]: source,
      AWS_ENDPOINT_URL_SSM: 'http://127.0.0.1:1',
    })
    try {
      const { code } = await sandbox.exited()
      expect(code).toBe(1)
      expect(sandbox.output()).toContain(`The secrets in ${source} cannot be read`)
    } finally {
      await sandbox.stop()
    }
  })
}
