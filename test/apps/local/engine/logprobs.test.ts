// Log-probabilities over the engine's HTTP surface: OpenAI's shape, the model's own numbers, and a
// reply that is the same whether they were asked for or not.

import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import {
  type EngineServer,
  startEngineServer,
} from '../../../../apps/local/engine/engine-server.ts'
import { type ChatOptions, makeEngineClient } from './engine-client.ts'
import { openTestLlama, openTestScripted, testSlots } from './opened-engines.ts'

const options = {
  port: 0,
  alias: 'b3iq/tiny-random',
  slots: testSlots,
  deferredMax: 4,
  tokenDelayMs: 0,
}

const Token = z.strictObject({
  token: z.string(),
  bytes: z.array(z.int().min(0).max(255)),
  logprob: z.number().max(0),
})
const Logprobs = z.strictObject({
  content: z.array(Token.extend({ top_logprobs: z.array(Token) })),
  refusal: z.null(),
})
const Choice = z.looseObject({ logprobs: Logprobs.optional() })
const Reply = z.object({
  choices: z.tuple([Choice.extend({ message: z.object({ content: z.string() }) })]),
})
const Chunk = z.object({
  choices: z.array(Choice.extend({ delta: z.object({ content: z.string().optional() }) })),
})

const servers: EngineServer[] = []
const clientOf = async (engine: Parameters<typeof startEngineServer>[0]) => {
  const server = await startEngineServer(engine, options)
  servers.push(server)
  return { server, ...makeEngineClient(server.port) }
}
afterAll(() => Promise.all(servers.map((server) => server.close(0))))

const llama = await openTestLlama()
afterAll(async () => {
  if (!llama.missing) await llama.engine().dispose()
})

describe.skipIf(llama.missing)(`the ${llama.title} engine`, () => {
  const ask = async (body: ChatOptions, content = 'Which way?') => {
    const client = await clientOf(llama.engine())
    const reply = Reply.parse(await (await client.postChat(content, body)).json())
    const [{ message, logprobs }] = reply.choices
    return { text: message.content, logprobs }
  }

  it('shows for every token its log-probability, its bytes and the likeliest others', async () => {
    const { text, logprobs } = await ask({ max_tokens: 8, logprobs: true, top_logprobs: 5 })
    const content = logprobs?.content ?? []
    expect(content.map(({ token }) => token).join('')).toBe(text)
    expect(content).toHaveLength(8)
    for (const { token, bytes, top_logprobs: top } of content) {
      expect(Buffer.from(bytes).toString('utf8')).toBe(token)
      expect(top).toHaveLength(5)
      const falling = top.map(({ logprob }) => logprob)
      expect(falling).toEqual(falling.toSorted((a, b) => b - a))
      const mass = falling.reduce((sum, logprob) => sum + Math.exp(logprob), 0)
      expect(mass).toBeGreaterThan(0.1)
      expect(mass).toBeLessThanOrEqual(1.000_001)
    }
  })

  it('has most of the probability in twenty tokens where the grammar allows twelve', async () => {
    const { logprobs } = await ask({ max_tokens: 1, logprobs: true, top_logprobs: 20 })
    const mass = logprobs?.content[0]?.top_logprobs.reduce(
      (sum, one) => sum + Math.exp(one.logprob),
      0,
    )
    expect(mass).toBeGreaterThan(0.999)
  })

  it('reads the model and not the sampler: temperature and top-p change no number', async () => {
    const asked = { max_tokens: 1, logprobs: true, top_logprobs: 5 }
    const first = async (by: ChatOptions) => (await ask({ ...asked, ...by })).logprobs?.content[0]
    const greedy = await first({ temperature: 0 })
    const hot = await first({ temperature: 1.7, top_p: 0.3, seed: 4 })
    expect(hot?.top_logprobs).toEqual(greedy?.top_logprobs)
    expect(greedy?.token).toBe(greedy?.top_logprobs[0]?.token)
  })

  it.each([{ temperature: 0 }, { temperature: 1, seed: 7 }])(
    'gives the same reply with %o whether they are asked for or not',
    async (by) => {
      const plain = await ask({ ...by, max_tokens: 40 })
      const read = await ask({ ...by, max_tokens: 40, logprobs: true, top_logprobs: 2 })
      expect(read.text).toBe(plain.text)
      expect(plain.logprobs).toBeUndefined()
    },
  )

  it('streams them with the text they belong to', async () => {
    const client = await clientOf(llama.engine())
    const body = { temperature: 0, max_tokens: 6, logprobs: true, top_logprobs: 3 }
    const whole = await ask(body)
    const response = await client.postChat('Which way?', { ...body, stream: true })
    const lines = (await response.text()).split('\n\n').filter((line) => line.startsWith('data: {'))
    const choices = lines.flatMap((line) => Chunk.parse(JSON.parse(line.slice(6))).choices)
    for (const { delta, logprobs } of choices) {
      const text = logprobs?.content.map(({ token }) => token).join('') ?? ''
      expect(text).toBe(delta.content ?? '')
    }
    expect(choices.flatMap(({ logprobs }) => logprobs?.content ?? [])).toEqual(
      whole.logprobs?.content,
    )
  })

  it('leaves out the tokens of a stop string', async () => {
    const { text } = await ask({ temperature: 0, max_tokens: 3 })
    const [, second = ''] = text.trim().split(' ')
    const cut = await ask({ temperature: 0, stop: ` ${second}`, logprobs: true })
    expect(cut.logprobs?.content.map(({ token }) => token).join('')).toBe(cut.text)
  })

  it('is read by the OpenAI client', async () => {
    const { server } = await clientOf(llama.engine())
    const openai = new OpenAI({ baseURL: `http://127.0.0.1:${server.port}/v1`, apiKey: 'none' })
    const completion = await openai.chat.completions.create({
      model: 'b3iq/tiny-random',
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 2,
      logprobs: true,
      top_logprobs: 4,
    })
    const [choice] = completion.choices
    expect(choice?.logprobs?.content?.map((one) => one.top_logprobs.length)).toEqual([4, 4])
  })

  it.each([
    [{ logprobs: true, top_logprobs: 21 }, 'top_logprobs'],
    [{ logprobs: 1 }, 'logprobs'],
    [{ top_logprobs: 3 }, 'top_logprobs'],
  ])('refuses %o', async (body, param) => {
    const client = await clientOf(llama.engine())
    const refusal = await client.refusal(client.postChat('Hello', body))
    expect(refusal).toMatchObject({ status: 400, code: 'invalid_value', param })
  })
})

describe('the scripted engine', () => {
  it('answers without log-probabilities, because it has none', async () => {
    const client = await clientOf(openTestScripted().engine())
    const response = await client.postChat('Hi', { max_tokens: 2, logprobs: true, top_logprobs: 5 })
    const [choice] = Reply.parse(await response.json()).choices
    expect(choice.message.content).not.toBe('')
    expect(choice).not.toHaveProperty('logprobs')
  })
})
