// OpenAI's own SDK against every endpoint that is no chat, as its users write it.
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersDocuments, pixelPngBase64, vectorOf } from '../support/document-host.ts'
import { soldAs, wavOf } from '../support/documents-on-sale.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, counts } from '../support/host-answers.ts'

let bench: GatewayBench
let customer: Customer
let client: OpenAI
beforeAll(async () => {
  bench = await startGatewayBench()
  customer = await bench.customer()
  const url = await bench.listen(bench.appOf())
  client = new OpenAI({ baseURL: `${url}/v1`, apiKey: customer.token })
})
afterAll(() => bench.stop())

async function modelOf(modality: Parameters<typeof soldAs>[0]): Promise<string> {
  const { model, host } = await bench.sale([answersDocuments()], { model: soldAs(modality) })
  host.always(answersDocuments())
  return model.id
}

describe('the SDK gets', () => {
  test('vectors, for which it asks in base64', async () => {
    const model = await modelOf('embedding')
    const { data, usage } = await client.embeddings.create({ model, input: ['one', 'two'] })
    expect(data.map(({ embedding }) => [...embedding])).toEqual(
      ['one', 'two'].map((text) => [...vectorOf(text)]),
    )
    expect(usage).toEqual({ prompt_tokens: 2, total_tokens: 2 })
  })

  test('moderations', async () => {
    const model = await modelOf('moderation')
    const { results } = await client.moderations.create({ model, input: 'an attack' })
    expect(results[0]).toMatchObject({ flagged: true, categories: { violence: true } })
  })

  test('images', async () => {
    const model = await modelOf('image')
    const { data } = await client.images.generate({ model, prompt: 'a fish', n: 2 })
    expect(data).toEqual([{ b64_json: pixelPngBase64 }, { b64_json: pixelPngBase64 }])
  })

  test('transcriptions, plain and in detail', async () => {
    const model = await modelOf('transcription')
    const file = () => toFile(wavOf(2), 'talk.wav')
    const plain = await client.audio.transcriptions.create({ model, file: await file() })
    expect(plain.text).toBe('hello world')
    const text = await client.audio.transcriptions.create({
      model,
      file: await file(),
      response_format: 'text',
    })
    expect(text).toBe('hello world\n')
    const detailed = await client.audio.transcriptions.create({
      model,
      file: await file(),
      response_format: 'verbose_json',
      timestamp_granularities: ['segment'],
    })
    expect(detailed.segments?.[0]).toMatchObject({ start: 0, end: 2 })
  })

  test('plain completions, whole and as a stream', async () => {
    const say = (text: string, reason: string | null = null) => ({
      choices: [{ index: 0, text, finish_reason: reason }],
    })
    const script = answers({ frames: [say('one'), say(' two'), say('', 'stop'), counts(1, 2)] })
    const { model, host } = await bench.sale([script])
    host.always(script)
    const order = { model: model.id, prompt: 'count', max_tokens: 8 } as const
    const whole = await client.completions.create(order)
    expect(whole.choices[0]).toMatchObject({ text: 'one two', finish_reason: 'stop' })
    const stream = await client.completions.create({ ...order, stream: true })
    const texts: string[] = []
    for await (const { choices } of stream) texts.push(choices[0]?.text ?? '')
    expect(texts.join('')).toBe('one two')
  })

  test('an error that it knows', async () => {
    const model = await modelOf('embedding')
    const asked = client.embeddings.create({ model, input: 'a', dimensions: 3 })
    await expect(asked).rejects.toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param: 'dimensions',
    })
  })
})
