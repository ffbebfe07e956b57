// What of a host's document is an answer to what was asked: each kind by itself, without any host.
import { describe, expect, test } from 'vitest'
import type { DocumentOrder } from '../../src/gateway/document-order.ts'
import { documentOrder } from '../../src/gateway/document-orders.ts'
import { makeDocumentRelay } from '../../src/gateway/document-relay.ts'
import { type Document, documentFacts } from '../../src/protocol/document.ts'
import type { DocumentRequest } from '../../src/protocol/document-request.ts'
import {
  embeddingsDocument,
  imagesDocument,
  moderationsDocument,
  pixelPngBase64,
  transcriptionDocument,
} from '../support/document-host.ts'
import { wavOf } from '../support/documents-on-sale.ts'

async function orderOf(request: DocumentRequest): Promise<DocumentOrder> {
  const order = documentOrder(request)
  if (!order.ok) throw new Error(`refused: ${order.error.message}`)
  return order.value
}

/** What is handed on of the document; undefined where nothing is. */
async function relayed(request: DocumentRequest, document: Document) {
  const relay = makeDocumentRelay(await orderOf(request))
  const shown = relay.take([{ kind: 'document', document }])
  expect(relay.isFinished()).toBe(shown !== undefined)
  expect(relay.hasContent()).toBe(shown !== undefined)
  return shown?.kind === 'document' ? { shown: shown.document, ...relay.totals() } : undefined
}

const embed = (...input: string[]): DocumentRequest => ({
  path: '/v1/embeddings',
  asked: { model: 'm', input },
})
const draw = (n: number, size?: string): DocumentRequest => ({
  path: '/v1/images/generations',
  asked: { model: 'm', prompt: 'a fish', n, ...(size === undefined ? {} : { size }) },
})
const moderate = (...input: string[]): DocumentRequest => ({
  path: '/v1/moderations',
  asked: { model: 'm', input },
})
const transcribe = (response_format?: 'verbose_json' | 'srt'): DocumentRequest => ({
  path: '/v1/audio/transcriptions',
  asked: {
    model: 'm',
    file: { type: 'wav', bytes: wavOf(2.1) },
    ...(response_format ? { response_format } : {}),
  },
})

const vectors = (...data: readonly unknown[]) => ({
  data: data.map((embedding, index) => ({ index, embedding })),
})

describe('an answer', () => {
  test('is hashed as its host hashes it, over what is sold', async () => {
    const document = embeddingsDocument(['one', 'two'])
    const facts = documentFacts('embedding', document)
    const answer = await relayed(embed('one', 'two'), { ...document, model: 'other' })
    expect(answer?.outputSha256).toBe(facts?.outputSha256)
  })

  test('has its vectors in the order of the texts, whatever order they came in', async () => {
    const data = [
      { index: 1, embedding: [2] },
      { index: 0, embedding: [1] },
    ]
    const answer = await relayed(embed('one', 'two'), { data })
    expect(answer?.shown).toMatchObject({ data: [{ embedding: [1] }, { embedding: [2] }] })
  })

  test('of images counts them; one of audio counts the seconds that were sent', async () => {
    expect((await relayed(draw(4), imagesDocument(3)))?.units).toBe(3)
    expect((await relayed(transcribe(), transcriptionDocument('a', { seconds: 9 })))?.units).toBe(3)
  })

  test('shows nothing beside what was asked for', async () => {
    const images = { data: [{ b64_json: pixelPngBase64, url: 'http://10.0.0.1' }], host: 'box' }
    expect((await relayed(draw(1), images))?.shown).toEqual({
      data: [{ b64_json: pixelPngBase64 }],
    })
    const document = { ...transcriptionDocument('a'), path: '/home/box' }
    expect((await relayed(transcribe(), document))?.shown).toEqual({ text: 'a' })
  })
})

const notBase64 = `${pixelPngBase64.slice(0, -1)}-`

describe('no answer', () => {
  test.each<[string, DocumentRequest, Document]>([
    ['too few vectors', embed('one', 'two'), vectors([1, 2])],
    ['too many vectors', embed('one'), vectors([1], [2])],
    ['vectors of two lengths', embed('one', 'two'), vectors([1], [2, 3])],
    ['vectors of nothing', embed('one'), vectors([])],
    ['a vector longer than any', embed('one'), vectors(Array.from({ length: 16_385 }, () => 0))],
    ['numbers without end', embed('one'), { ...vectors([1]), more: Array(1_100_000).fill(0) }],
    ['a number that is none', embed('one'), vectors([1, null])],
    ['a number without end', embed('one'), vectors([1, 1e300])],
    [
      'one vector twice',
      embed('a', 'b'),
      { data: [0, 0].map((index) => ({ index, embedding: [1] })) },
    ],
    ['another kind of document', embed('one'), imagesDocument(1)],
    ['too many images', draw(1), imagesDocument(2)],
    ['no image at all', draw(1), { data: [] }],
    ['an image by address', draw(1), { data: [{ url: 'http://10.0.0.1/fish.png' }] }],
    ['an image that is none', draw(1), { data: [{ b64_json: 'bm8gaW1hZ2U=' }] }],
    ['the first eight bytes of an image', draw(1), { data: [{ b64_json: 'iVBORw0KGgo=' }] }],
    ['an image of another size', draw(1, '256x256'), imagesDocument(1, '256x255')],
    ['an image of no size', draw(1), imagesDocument(1, '0x1')],
    ['an image in no base64', draw(1), { data: [{ b64_json: notBase64 }] }],
    ['a moderation of fewer texts', moderate('a', 'b'), moderationsDocument(['a'])],
    ['a moderation that says neither', moderate('a'), { results: [{ categories: {} }] }],
    ['a text that is none', transcribe(), { text: null }],
    ['subtitles without places', transcribe('srt'), { text: 'a' }],
  ])('is %s', async (_, request, document) => {
    expect(await relayed(request, document)).toBeUndefined()
  })
})
