// Both engines answer through the same HTTP surface; every promise of it is checked on each.

import OpenAI from 'openai'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { makeEngineApp } from '../../../../apps/local/engine/engine-app.ts'
import {
  type EngineServer,
  type EngineServerOptions,
  startEngineServer,
} from '../../../../apps/local/engine/engine-server.ts'
import { type EngineClient, makeEngineClient } from './engine-client.ts'
import { openTestLlama, openTestScripted, testSlots } from './opened-engines.ts'

const defaults = {
  port: 0,
  alias: 'b3iq/tiny-random',
  slots: testSlots,
  deferredMax: 4,
  tokenDelayMs: 0,
}
/** With this pace, a reply of a thousand tokens outlasts any test. */
const slow = { tokenDelayMs: 20 }
const greedy = { temperature: 0 }

const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 5_000, interval: 10 })

/** Takes a slot and keeps it until `leave` is called. */
const occupySlot = async (client: EngineClient) => {
  const leaving = new AbortController()
  const response = await client.postChat('a', { max_tokens: 1000, stream: true }, leaving.signal)
  const ended = response.text().catch(() => 'broken off')
  return async () => {
    leaving.abort()
    await ended
  }
}

describe.each([await openTestLlama(), openTestScripted()])('the $title engine', (subject) => {
  const servers: EngineServer[] = []

  const start = async (options: Partial<EngineServerOptions> = {}) => {
    const server = await startEngineServer(subject.engine(), { ...defaults, ...options })
    servers.push(server)
    return { server, client: makeEngineClient(server.port) }
  }

  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close(0))))
  afterAll(async () => {
    if (!subject.missing) await subject.engine().dispose()
  })

  describe.skipIf(subject.missing)('tells an agent about itself', () => {
    it('reports health, properties, its model and its slots', async () => {
      const { client } = await start()
      expect(await (await client.get('/health')).json()).toEqual({ status: 'ok' })
      expect(await (await client.get('/props')).json()).toMatchObject({
        total_slots: 3,
        default_generation_settings: { n_ctx: 2048 },
        model_path: expect.any(String),
        build_info: subject.title === 'scripted' ? 'scripted' : expect.stringMatching(/\d/),
      })
      expect(await (await client.get('/v1/models')).json()).toMatchObject({
        object: 'list',
        data: [{ id: defaults.alias, object: 'model', meta: { n_ctx_train: 2048 } }],
      })
      expect(await (await client.get('/slots')).json()).toEqual(
        [0, 1, 2].map((id) => ({ id, n_ctx: 2048, is_processing: false })),
      )
    })

    it('counts the tokens it has generated', async () => {
      const { client } = await start()
      await client.chat('Count.', { max_tokens: 5 })
      await client.chat('Count.', { max_tokens: 7 })
      expect(await client.metric('tokens_predicted_total')).toBe(12)
      expect(await client.metric('prompt_tokens_total')).toBe(2 * 10)
      expect(await client.metric('requests_processing')).toBe(0)
    })
  })

  describe.skipIf(subject.missing)('completes', () => {
    it('with as many tokens as asked for, and says that the length ended it', async () => {
      const { client } = await start()
      const { text, finishReason, usage } = await client.chat('Hello!', { max_tokens: 24 })
      // Six characters, a mark and a line end around them, the mark of the reply, and one to begin.
      expect(usage).toEqual({ prompt_tokens: 10, completion_tokens: 24, total_tokens: 34 })
      expect(finishReason).toBe('length')
      expect(text).toMatch(/^( [A-Za-z]{3,6}\.?){24}$/)
    })

    it.each([greedy, { temperature: 1, seed: 7 }])(
      'the same way every time with %o',
      async (by) => {
        const { client } = await start()
        const options = { ...by, max_tokens: 40 }
        const alone = await client.chat('Again?', options)
        const together = await Promise.all([
          client.chat('Again?', options),
          client.chat('Something else.', options),
          client.chat('Again?', options),
        ])
        expect(together[0]).toEqual(alone)
        expect(together[2]).toEqual(alone)
      },
    )

    it('differently for another prompt and for another seed', async () => {
      const { client } = await start()
      const ask = (content: string, seed: number) =>
        client.chat(content, { temperature: 1, seed, max_tokens: 40 })
      const replies = [await ask('One', 1), await ask('One', 2), await ask('Two', 1)]
      expect(new Set(replies.map((reply) => reply.text)).size).toBe(3)
    })

    it('in a stream that adds up to the whole reply', async () => {
      const { client } = await start()
      const options = { ...greedy, max_tokens: 30 }
      const whole = await client.chat('Stream?', options)
      const streamed = await client.streamChat('Stream?', {
        ...options,
        stream_options: { include_usage: true },
      })
      const { response, chunks } = streamed
      expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
      expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
      expect(streamed).toMatchObject({ text: whole.text, usage: whole.usage, done: true })
      expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1)
      expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
      expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length')
      // A role chunk, one for each token, the finish and the usage.
      expect(chunks).toHaveLength(1 + 30 + 1 + 1)
    })

    it('without a usage chunk unless asked for one', async () => {
      const { client } = await start()
      const { chunks, done } = await client.streamChat('Stream?', { max_tokens: 2 })
      expect(chunks.every((chunk) => chunk.usage === undefined)).toBe(true)
      expect(done).toBe(true)
    })

    it('up to a stop string, which it leaves out', async () => {
      const { client } = await start()
      const whole = await client.chat('Stop?', { ...greedy, max_tokens: 30 })
      const stop = whole.text.slice(40, 46)
      const cut = await client.chat('Stop?', { ...greedy, max_tokens: 30, stop })
      expect(cut.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)))
      expect(cut.finishReason).toBe('stop')
      expect(cut.usage.completion_tokens).toBeLessThan(30)
    })

    it('only as far as its context reaches', async () => {
      const { client } = await start()
      const { usage } = await client.chat('x'.repeat(2000), { max_tokens: 500 })
      expect(usage.total_tokens).toBe(2048)
    })

    it('plain text prompts too', async () => {
      const { client } = await start()
      const reply = await client.post('/v1/completions', { prompt: 'Hi', max_tokens: 4, seed: 1 })
      expect(await reply.json()).toMatchObject({
        object: 'text_completion',
        choices: [{ text: expect.stringMatching(/^( \w+){4}$/), finish_reason: 'length' }],
        usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      })
    })

    it("for OpenAI's SDK, text parts and any script included", async () => {
      const { server } = await start()
      const openai = new OpenAI({ baseURL: `http://127.0.0.1:${server.port}/v1`, apiKey: 'none' })
      const stream = openai.chat.completions.stream({
        model: defaults.alias,
        messages: [{ role: 'user', content: [{ type: 'text', text: '東京 </s> 🙂' }] }],
        max_completion_tokens: 3,
        stream_options: { include_usage: true },
      })
      const { usage, choices } = await stream.finalChatCompletion()
      expect(choices[0]?.message.content?.trim().split(' ')).toHaveLength(3)
      expect(usage?.prompt_tokens).toBe(4 + Buffer.byteLength('東京 </s> 🙂'))
    })

    it('no faster than its reader reads', async () => {
      const shutdown = new AbortController()
      const app = makeEngineApp(subject.engine(), { ...defaults, shutdown: shutdown.signal })
      const body = JSON.stringify({ messages: [{ role: 'user', content: 'a' }], stream: true })
      const response = await app.request('/v1/chat/completions', { method: 'POST', body })
      const reader = response.body?.getReader()
      await reader?.read()
      const predicted = async () => {
        const metrics = await (await app.request('/metrics')).text()
        return Number(/^llamacpp:tokens_predicted_total (\d+)$/m.exec(metrics)?.[1])
      }
      // Two tokens may be on their way; 2,000 would be there by then if nothing held them back.
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await predicted()).toBeLessThan(8)
      await reader?.cancel()
      shutdown.abort()
    })
  })

  describe.skipIf(subject.missing)('shares its slots', () => {
    it('among more requests than it has, in turn', async () => {
      const { client } = await start({ slots: 1, ...slow })
      const leave = await occupySlot(client)
      const replies = ['b', 'c'].map((text) => client.chat(text, { max_tokens: 3 }))
      await eventually(async () => expect(await client.metric('requests_deferred')).toBe(2))
      expect(await client.metric('requests_processing')).toBe(1)
      expect((await client.get('/slots?fail_on_no_slot=1')).status).toBe(503)
      await leave()
      const usages = (await Promise.all(replies)).map(({ usage }) => usage.completion_tokens)
      expect(usages).toEqual([3, 3])
      expect(await client.metric('requests_deferred')).toBe(0)
    })

    it('and refuses what its queue cannot hold', async () => {
      const { client } = await start({ slots: 1, deferredMax: 1, ...slow })
      const leave = await occupySlot(client)
      const waiting = client.chat('b', { max_tokens: 1 })
      await eventually(async () => expect(await client.metric('requests_deferred')).toBe(1))
      const refused = await client.refusal(client.postChat('c'))
      expect(refused).toMatchObject({ status: 503, code: 'queue_full' })
      expect(refused.headers.get('retry-after')).toBe('1')
      await leave()
      expect((await waiting).usage.completion_tokens).toBe(1)
    })

    it.each([true, false])('and frees one when its reader leaves (stream: %s)', async (stream) => {
      const { client } = await start({ slots: 1, ...slow })
      const leaving = new AbortController()
      const reply = client.postChat('a', { max_tokens: 1000, stream }, leaving.signal)
      const gone = reply.then((response) => response.text()).catch(() => 'gone')
      await eventually(async () => {
        expect(await client.metric('tokens_predicted_total')).toBeGreaterThan(2)
      })
      leaving.abort()
      expect(await gone).toBe('gone')
      await eventually(async () => expect(await client.busySlots()).toBe(0))
      expect(await client.metric('tokens_predicted_total')).toBeLessThan(500)
    })

    it('and forgets a request whose sender leaves the queue', async () => {
      const { client } = await start({ slots: 1, ...slow })
      const leave = await occupySlot(client)
      const leaving = new AbortController()
      const waiting = client.postChat('b', {}, leaving.signal).catch(() => 'gone')
      await eventually(async () => expect(await client.metric('requests_deferred')).toBe(1))
      leaving.abort()
      expect(await waiting).toBe('gone')
      await eventually(async () => expect(await client.metric('requests_deferred')).toBe(0))
      expect(await client.busySlots()).toBe(1)
      await leave()
    })
  })

  describe.skipIf(subject.missing)('refuses', () => {
    it('bodies that are not JSON or not a request, naming the field at fault', async () => {
      const { client } = await start()
      const broken = client.refusal(client.post('/v1/chat/completions', '{"messages":'))
      expect(await broken).toMatchObject({ status: 400, code: 'invalid_json' })
      const empty = client.refusal(client.post('/v1/chat/completions', {}))
      expect(await empty).toMatchObject({
        status: 400,
        code: 'missing_required_parameter',
        param: 'messages',
      })
    })

    it('a prompt that leaves no room in the context, however long', async () => {
      const { client } = await start()
      for (const length of [2048, 1_000_000]) {
        const refused = await client.refusal(client.postChat('x'.repeat(length)))
        expect(refused).toMatchObject({ status: 400, code: 'context_length_exceeded' })
      }
    })

    it('a body above 4 MiB, paths it does not have and methods they do not take', async () => {
      const { client } = await start()
      const large = client.post('/v1/chat/completions', 'x'.repeat(4 * 1024 * 1024 + 1))
      expect(await client.refusal(large)).toMatchObject({ status: 413, code: 'request_too_large' })
      const nowhere = client.refusal(client.get('/v1/embeddings'))
      expect(await nowhere).toMatchObject({ status: 404, code: 'not_found' })
      const wrongMethod = client.refusal(client.get('/v1/chat/completions'))
      expect(await wrongMethod).toMatchObject({ status: 405, code: 'method_not_allowed' })
    })
  })

  describe.skipIf(subject.missing)('closes', () => {
    it('once running replies are complete', async () => {
      const { server, client } = await start(slow)
      const response = await client.postChat('a', { max_tokens: 10, stream: true })
      const text = response.text()
      await server.close(10_000)
      expect(await text).toMatch(/\[DONE\]\s*$/)
      await expect(client.get('/health')).rejects.toThrow()
    })

    it('after the time to drain, breaking off what still runs', async () => {
      const { server, client } = await start(slow)
      const response = await client.postChat('a', { max_tokens: 1000, stream: true })
      const text = response.text()
      await server.close(50)
      expect(await text).toContain('generation_failed')
      expect(await text).not.toContain('[DONE]')
    })
  })
})
