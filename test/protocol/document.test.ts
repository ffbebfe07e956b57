import { describe, expect, test } from 'vitest'
import { canonicalJson, sha256Hex } from '../../src/protocol/canonical.ts'
import {
  type Document,
  type DocumentModality,
  documentFacts,
  vectorBase64,
  vectorsOf,
} from '../../src/protocol/document.ts'
import {
  embeddingsDocument,
  imagesDocument,
  moderationsDocument,
  transcriptionDocument,
} from '../support/document-host.ts'

const none = { prompt: 0, cached_prompt: 0, completion: 0 }
const hashOf = (modality: DocumentModality, document: Document) =>
  documentFacts(modality, document)?.outputSha256

describe('what a document claims', () => {
  test.each<[DocumentModality, Document, object | null]>([
    ['embedding', embeddingsDocument(['two words', 'one']), { ...none, prompt: 3 }],
    ['embedding', { ...embeddingsDocument(['a']), usage: undefined }, null],
    ['moderation', moderationsDocument(['is this fine']), { ...none, prompt: 3 }],
    ['image', imagesDocument(2), { ...none, units: 2 }],
    ['transcription', transcriptionDocument('hi', { seconds: 1.2 }), { ...none, units: 2 }],
    ['transcription', { text: 'hi', duration: '3.01' }, { ...none, units: 4 }],
    ['transcription', { text: 'hi', usage: { type: 'tokens', input_tokens: 9 } }, null],
    ['transcription', { text: 'hi' }, null],
  ])('%s is what the runtime says or shows: %#', (modality, document, usage) => {
    expect(documentFacts(modality, document)?.usage).toEqual(usage)
  })
})

describe('the hash of a document', () => {
  test('is over the canonical JSON of what is sold, so that a customer can make it too', () => {
    const vectors = vectorsOf(embeddingsDocument(['a', 'b'])) ?? []
    expect(hashOf('embedding', embeddingsDocument(['a', 'b']))).toBe(
      sha256Hex(canonicalJson({ data: vectors.map(vectorBase64) })),
    )
    expect(hashOf('transcription', { language: 'english', text: 'hi' })).toBe(
      sha256Hex('{"language":"english","text":"hi"}'),
    )
  })

  test('is the same for a vector in either encoding, and for another order of its rows', () => {
    const { data, ...rest } = embeddingsDocument(['a', 'b'])
    const rows = Array.isArray(data) ? data : []
    const hash = hashOf('embedding', { ...rest, data })
    expect(hashOf('embedding', embeddingsDocument(['a', 'b'], 'base64'))).toBe(hash)
    expect(hashOf('embedding', { ...rest, data: rows.toReversed() })).toBe(hash)
  })

  test('does not change with what the gateway writes itself, and does with what is sold', () => {
    const document = moderationsDocument(['a'])
    const hash = hashOf('moderation', document)
    const renamed = { ...document, id: 'other', model: 'other', usage: null, b3iq: {}, created: 1 }
    expect(hashOf('moderation', renamed)).toBe(hash)
    expect(hashOf('moderation', moderationsDocument(['attack']))).not.toBe(hash)
  })

  test('of sixteen vectors of 4,096 floats takes a fraction of a second', () => {
    const embedding = Array.from({ length: 4096 }, (_, at) => Math.sin(at + 1))
    const data = Array.from({ length: 16 }, (_, index) => ({ index, embedding }))
    const startedMs = performance.now()
    expect(hashOf('embedding', { data })).toHaveLength(64)
    expect(performance.now() - startedMs).toBeLessThan(500)
  })
})

describe('no answer at all is', () => {
  const nested = (depth: number): unknown => {
    let value: unknown = 1
    for (let level = 0; level < depth; level += 1) value = [value]
    return value
  }
  const vectors = (...embeddings: readonly unknown[]) => ({
    data: embeddings.map((embedding) => ({ embedding })),
  })

  test.each<[string, DocumentModality, Document]>([
    ['an error', 'embedding', { error: { message: 'out of memory' } }],
    ['a document of another kind', 'image', moderationsDocument(['a'])],
    ['a list without vectors', 'embedding', { data: [] }],
    ['a vector without numbers', 'embedding', vectors([])],
    ['vectors of two lengths', 'embedding', vectors([1, 2], [1])],
    ['a vector with no number in it', 'embedding', vectors([1, null])],
    ['a number that no 32-bit float holds', 'embedding', vectors([1, 1e300])],
    ['base64 of half a float', 'embedding', vectors('AAAAAAA=')],
    ['base64 of what is no number', 'embedding', vectors('AADAfw==')],
    ['one index twice', 'embedding', { data: [0, 0].map((index) => ({ index, embedding: [1] })) }],
    ['an index beyond the list', 'embedding', { data: [{ index: 1, embedding: [1] }] }],
    ['an image that is elsewhere', 'image', { data: [{ url: 'https://example.com/a.png' }] }],
    ['a result without a verdict', 'moderation', { results: [{ categories: {} }] }],
    ['a transcription without a text', 'transcription', { duration: 2 }],
    ['a text with half a character', 'transcription', { text: '\ud800' }],
    [
      'one nested too deeply to be written again',
      'transcription',
      { text: '', words: [nested(100_000)] },
    ],
  ])('%s', (_, modality, document) => {
    expect(documentFacts(modality, document)).toBeUndefined()
  })
})
