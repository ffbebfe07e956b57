// Embeddings beside the chat: a second model on the same surface, by llama.cpp and by script.

import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { embeddingVariant } from '../../../../apps/local/engine/demo-model.ts'
import { makeDemoCount } from '../../../../apps/local/engine/demo-tokenizer.ts'
import type { Embedder, Engine } from '../../../../apps/local/engine/engine.ts'
import { startEngineServer } from '../../../../apps/local/engine/engine-server.ts'
import { openLlamaEngine } from '../../../../apps/local/engine/llama-engine.ts'
import {
  openScriptedEmbedder,
  openScriptedEngine,
} from '../../../../apps/local/engine/scripted-engine.ts'
import { writeDemoModel } from '../../../../apps/local/engine/write-model.ts'
import { makeEngineClient } from './engine-client.ts'
import { writeTestModel } from './opened-engines.ts'

type Subject = { readonly engine: Engine; readonly embedder: Embedder }

const model = await writeTestModel()
const embeddingPath = join(model.folder, 'embed.gguf')
const written = await writeDemoModel(embeddingPath, embeddingVariant)
const slots = 2

async function openReal(): Promise<Subject | undefined> {
  const embedding = { modelPath: embeddingPath, slots }
  const opened = await openLlamaEngine({ modelPath: model.path, slots: 1, embedding })
  if (!opened.ok || opened.embedder === undefined) return undefined
  return { engine: opened.engine, embedder: opened.embedder }
}

const subjects = [
  { title: 'llama.cpp', subject: await openReal() },
  {
    title: 'scripted',
    subject: { engine: openScriptedEngine(), embedder: openScriptedEmbedder() },
  },
]
afterAll(async () => {
  await Promise.all(subjects.map(({ subject }) => subject?.engine.dispose()))
  await model.remove()
})

const cosine = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0)

it('the model that embeds has the same bytes every time, and other ones than the chat', () => {
  // Its identity: whoever means to change the model changes this with it.
  expect(written.sha256).toBe('5403d8befde2f3f268cab03b5708b8cc76fb5d71e4952d3624a083265ff4ac03')
})

describe.each(subjects)('with the $title engine', ({ title, subject }) => {
  const isMissing = subject === undefined

  const start = async () => {
    if (subject === undefined) throw new Error(`${title} is missing`)
    const embedding = { embedder: subject.embedder, alias: 'embed', slots }
    const server = await startEngineServer(subject.engine, {
      ...{ port: 0, alias: 'chat', slots: 1, deferredMax: 4, tokenDelayMs: 0 },
      embedding,
    })
    const baseURL = `http://127.0.0.1:${server.port}/v1`
    return {
      server,
      client: makeEngineClient(server.port),
      sdk: new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 }),
    }
  }
  const used = isMissing ? undefined : start()
  afterAll(async () => (await used)?.server.close(0))
  const opened = async () => {
    if (used === undefined) throw new Error(`${title} is missing`)
    return used
  }

  it.skipIf(isMissing)('the official client reads vectors in both encodings', async () => {
    const { sdk } = await opened()
    const asked = { model: 'embed', input: ['The story of a storm', '東京'] }
    const floats = await sdk.embeddings.create({ ...asked, encoding_format: 'float' })
    const decoded = await sdk.embeddings.create(asked)
    expect(decoded.data).toEqual(floats.data)
    expect(floats.data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
      [0, 64],
      [1, 64],
    ])
    for (const { embedding } of floats.data) expect(cosine(embedding, embedding)).toBeCloseTo(1, 5)
    const count = makeDemoCount()
    const tokens = asked.input.reduce((sum, text) => sum + 1 + count(text), 0)
    expect(floats.usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens })
  })

  it.skipIf(isMissing)('a text has one vector, whatever else is asked at the time', async () => {
    const { sdk } = await opened()
    const ask = async (...input: readonly string[]) =>
      (await sdk.embeddings.create({ model: 'embed', input: [...input] })).data
    const [alone] = await ask('the same')
    const many = await Promise.all(
      ['a', 'b', 'c', 'd'].map((text) => ask(text, 'the same', `${text} again`)),
    )
    for (const data of many) {
      expect(data[1]?.embedding).toEqual(alone?.embedding)
      expect(data[0]?.embedding).not.toEqual(alone?.embedding)
    }
  })

  it.skipIf(isMissing)('an agent sees both models, each with its own file', async () => {
    const { client } = await opened()
    const json = async (path: string) => (await client.get(path)).json()
    expect(await json('/props')).toMatchObject({ role: 'router', model_path: 'none' })
    const served = ['chat', 'embed'].map((id) => ({ id, status: { value: 'loaded' } }))
    expect(await json('/models')).toMatchObject({ data: served })
    expect(await json('/v1/models')).toMatchObject({
      data: served.map((one) => ({ ...one, meta: { n_ctx_train: 2048 } })),
    })
    const of = (path: string, name: string) => json(`${path}?model=${name}&autoload=false`)
    expect(await of('/props', 'embed')).toMatchObject({
      total_slots: slots,
      model_path: subject?.embedder.facts.modelPath,
      default_generation_settings: { n_ctx: 2048 },
    })
    expect(await of('/slots', 'embed')).toHaveLength(slots)
    expect(await of('/slots', 'chat')).toHaveLength(1)
    expect((await client.get('/props?model=other')).status).toBe(404)
    const page = await (await client.get('/metrics?model=embed')).text()
    expect(page).toMatch(/^llamacpp:prompt_tokens_total [1-9]/m)
  })

  it.skipIf(isMissing).each([
    ['no input', {}, 'input', 'required'],
    ['an empty text', { input: '' }, 'input', 'not an empty string'],
    ['no texts', { input: [] }, 'input', '>=1'],
    ['too many texts', { input: Array.from({ length: 257 }, () => 'a') }, 'input', '1 to 256'],
    ['tokens', { input: [1, 2] }, 'input', '1 to 256'],
    ['other dimensions', { input: 'a', dimensions: 8 }, 'dimensions', 'one length'],
    ['a text beyond the context', { input: ['a', 'x'.repeat(3_000)] }, 'input', 'Text 1'],
    ['a text that is far too long', { input: 'x'.repeat(100_000) }, 'input', 'Text 0'],
    ['the name of the chat', { input: 'a', model: 'chat' }, 'model', 'chat'],
  ])('%s is refused in a sentence', async (_, body, param, sentence) => {
    const { client } = await opened()
    const refusal = await client.refusal(client.post('/v1/embeddings', body))
    expect(refusal).toMatchObject({ status: 400, param })
    expect(refusal.message).toContain(sentence)
  })

  it.skipIf(isMissing)('the model that embeds does not chat', async () => {
    const { client } = await opened()
    const refused = client.postChat('Hello', { model: 'embed' })
    expect(await client.refusal(refused)).toMatchObject({ status: 400, param: 'model' })
    expect((await client.chat('Hello', { model: 'chat', max_tokens: 2 })).text).not.toBe('')
  })
})
