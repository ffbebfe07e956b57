// Who asks for log-probabilities gets what the host shows; who does not gets none, also where the gateway
// asked the host for its own sake.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { askChat } from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, counts, finishes } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

const logprobsOf = (token: string) => ({ content: [{ token, logprob: -0.5, top_logprobs: [] }] })
const frame = (content: string) => ({
  choices: [{ index: 0, delta: { content }, finish_reason: null, logprobs: logprobsOf(content) }],
})
const showing = answers({ frames: [frame('Hello'), frame(' you'), finishes(), counts(9, 2)] })

/** The gateway's die decides whether it asks the host of its own accord. */
const ask = async (request: object, roll: number) => {
  const { model, host } = await bench.sale([showing])
  const app = bench.appOf({ random: () => roll })
  const reply = await askChat(app, await bench.customer(), { model: model.id, ...request })
  return { text: await reply.text(), sent: host.lastDispatch().body }
}
const asking = { logprobs: true, top_logprobs: 2 }
const unsampled = 0.5
const sampled = 0.99

describe('a customer who asks', () => {
  test('gets them all in one object', async () => {
    const { text, sent } = await ask(asking, unsampled)
    expect(sent).toMatchObject(asking)
    const Reply = z.object({ choices: z.tuple([z.object({ logprobs: z.unknown() })]) })
    const [choice] = Reply.parse(JSON.parse(text)).choices
    expect(choice.logprobs).toEqual({
      content: [...logprobsOf('Hello').content, ...logprobsOf(' you').content],
      refusal: null,
    })
  })

  test('gets them in the stream, each beside its text', async () => {
    const { text } = await ask({ ...asking, stream: true }, unsampled)
    expect(text).toContain(JSON.stringify(logprobsOf(' you')))
  })

  test('gets as many as it asked for, also when the die falls on it', async () => {
    expect((await ask(asking, sampled)).sent).toMatchObject(asking)
  })
})

describe('a customer who does not ask', () => {
  test.each([
    ['in one object', {}],
    ['in a stream', { stream: true }],
  ])('gets none %s, although the host was asked', async (_, request) => {
    const { text, sent } = await ask(request, sampled)
    expect(sent).toMatchObject({ logprobs: true, top_logprobs: 5 })
    expect(text).not.toContain('top_logprobs')
    expect(text).toContain('Hello')
  })

  test('sends the host nothing of it most of the time', async () => {
    const { text, sent } = await ask({ stream: true }, unsampled)
    expect(sent).not.toHaveProperty('logprobs')
    // A host that shows them unasked is not passed on either.
    expect(text).not.toContain('top_logprobs')
  })
})
