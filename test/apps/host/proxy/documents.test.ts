// What is not text: embeddings, moderations, images and transcriptions, each one JSON document.
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../../src/protocol/canonical.ts'
import { ClaimEvent, nodeReceiptHash, verifyClaim } from '../../../../src/protocol/claim.ts'
import {
  type Document,
  type DocumentModality,
  documentFacts,
} from '../../../../src/protocol/document.ts'
import { limits } from '../../../../src/protocol/limits.ts'
import { ticketHash, verifyProof } from '../../../../src/protocol/ticket.ts'
import {
  embeddingsDocument,
  imagesDocument,
  moderationsDocument,
  transcriptionDocument,
} from '../../../support/document-host.ts'
import { content, done, type Reply } from '../support/fake-runtime.ts'
import { artifactDigest, errorOf, proofOf } from '../support/gateway.ts'
import { openWorld } from '../support/host-world.ts'

const json = (value: unknown): Reply => ({
  type: 'application/json',
  pieces: [JSON.stringify(value)],
})

type Asking = { readonly body: string; readonly contentType?: string }

const asJson = (body: object): Asking => ({ body: JSON.stringify({ model: 'maker/m', ...body }) })

function asForm(fields: Readonly<Record<string, string>>, files = ['file']): Asking {
  const heads = [
    ...Object.entries(fields).map(([name, value]) => `name="${name}"\r\n\r\n${value}`),
    ...files.map((name) => `name="${name}"; filename="speech.wav"\r\n\r\nRIFF`),
  ]
  const parts = heads.map((head) => `--x\r\ncontent-disposition: form-data; ${head}\r\n`)
  return { body: `${parts.join('')}--x--\r\n`, contentType: 'multipart/form-data; boundary=x' }
}

const noTokens = { prompt: 0, cached_prompt: 0, completion: 0 }

describe('a document', () => {
  it.each<[DocumentModality, string, Asking, Document, object]>([
    [
      'embedding',
      '/v1/embeddings',
      asJson({ input: ['two words'] }),
      embeddingsDocument(['two words']),
      { ...noTokens, prompt: 2 },
    ],
    [
      'moderation',
      '/v1/moderations',
      asJson({ input: 'is it fine' }),
      moderationsDocument(['is it fine']),
      { ...noTokens, prompt: 3 },
    ],
    [
      'image',
      '/v1/images/generations',
      asJson({ prompt: 'a cat', n: 2 }),
      imagesDocument(2),
      { ...noTokens, units: 2 },
    ],
    [
      'transcription',
      '/v1/audio/transcriptions',
      asForm({ model: 'maker/m', response_format: 'json' }),
      transcriptionDocument('hello', { seconds: 2.5 }),
      { ...noTokens, units: 3 },
    ],
  ])(
    '%s is proven, relayed as it is, and claimed',
    async (modality, path, asking, answer, usage) => {
      const { dispatch, proxy } = await openWorld({ reply: json(answer) })
      const { ticket, response } = await dispatch({ path, ...asking })
      const { publicKey } = proxy.node.signer
      expect(verifyProof(ticketHash(ticket), publicKey, proofOf(response))).toBe(true)

      const reply = await response.json()
      expect(reply).toEqual({ ...answer, b3iq: expect.anything() })
      const { claim, receipt_hash } = ClaimEvent.parse(reply).b3iq
      expect(verifyClaim(claim, publicKey)).toBe(true)
      expect(receipt_hash).toBe(nodeReceiptHash(claim))
      expect(claim.claim).toMatchObject({
        ticket_hash: ticketHash(ticket),
        usage,
        finish_reason: null,
        output_sha256: documentFacts(modality, answer)?.outputSha256,
        artifact_digest: artifactDigest,
      })
      expect(claim.claim.first_content_ms).toBeLessThanOrEqual(claim.claim.total_ms)
      expect(proxy.counters.totals()).toMatchObject({ accepted: 1, completed: 1 })
    },
  )

  it.each<[string, Reply]>([
    ['a document of another endpoint', json(moderationsDocument(['a']))],
    ['an error as a reply', json({ error: 'out of memory in /home/x' })],
    ['a broken document', { type: 'application/json', pieces: ['{"data":[{"embed'] }],
    ['a stream', { pieces: [content('a'), done] }],
    ['a text', { type: 'text/plain', pieces: ['/home/x'] }],
    ['more than the gateway reads', json({ data: 'x'.repeat(limits.hostDocumentBytes) })],
  ])('%s is none: 502 with a proof, without internals, and nothing claimed', async (_, reply) => {
    const { dispatch, proxy } = await openWorld({ reply })
    const { ticket, response } = await dispatch({
      path: '/v1/embeddings',
      ...asJson({ input: 'a' }),
    })
    expect(verifyProof(ticketHash(ticket), proxy.node.signer.publicKey, proofOf(response))).toBe(
      true,
    )
    const copy = response.clone()
    expect(await errorOf(response)).toEqual({ status: 502, code: 'runtime_error' })
    expect(await copy.text()).not.toContain('/home/x')
    await proxy.slots.idle()
    expect(proxy.counters.totals()).toMatchObject({ accepted: 1, failed: 1 })
    expect(proxy.kept).toEqual([])
  })

  it('that its reader did not take is still claimed, for later', async () => {
    const big = Array.from({ length: 64 }, (_, at) => `${at}`.repeat(2_000))
    const { dispatch, proxy, runtime } = await openWorld({
      reply: json(transcriptionDocument(big.join('').repeat(20))),
    })
    const leaving = new AbortController()
    const asking = asForm({ model: 'maker/m' })
    const path = '/v1/audio/transcriptions'
    const { response } = await dispatch({ path, ...asking, signal: leaving.signal })
    leaving.abort()
    await response.text().catch(() => undefined)
    await proxy.slots.idle()
    expect(runtime.forms).toHaveLength(1)
    expect(proxy.kept).toMatchObject([{ claim: { claim: { usage: { units: 2 } } } }])
  })
})

describe('what reaches the runtime', () => {
  it('is the JSON as it came, under its own name and without a window', async () => {
    const { dispatch, runtime } = await openWorld({ reply: json(embeddingsDocument(['a'])) })
    const asked = { input: ['a', [1, 2]], encoding_format: 'base64' }
    await dispatch({ path: '/v1/embeddings', ...asJson(asked) })
    expect(runtime.asked).toEqual([
      { path: '/v1/embeddings', body: { ...asked, model: 'local-name' } },
    ])
  })

  it('is the form as it came, its file byte for byte, under its own name', async () => {
    const { dispatch, runtime } = await openWorld({ reply: json(transcriptionDocument()) })
    const asking = asForm({ model: 'maker/m', language: 'en', temperature: '0' })
    await dispatch({ path: '/v1/audio/transcriptions', ...asking })
    const [form] = runtime.forms
    const file = form?.get('file')
    const { file: _, ...fields } = Object.fromEntries(form ?? [])
    expect(fields).toEqual({ model: 'local-name', language: 'en', temperature: '0' })
    expect(file).toMatchObject({ name: 'speech.wav' })
    expect(await new Response(file).text()).toBe('RIFF')
  })

  it.each<[string, string, Asking]>([
    [
      'an image by address',
      '/v1/moderations',
      asJson({ input: [{ type: 'image_url', image_url: { url: 'http://169.254.169.254/' } }] }),
    ],
    ['audio as JSON', '/v1/audio/transcriptions', asJson({ file: 'https://example.com/a.wav' })],
    ['a form without a file', '/v1/audio/transcriptions', asForm({ url: 'file:///x' }, [])],
    ['two files', '/v1/audio/transcriptions', asForm({}, ['file', 'file'])],
    ['a file of another name', '/v1/audio/transcriptions', asForm({}, ['voice'])],
    [
      'a form that is cut off',
      '/v1/audio/transcriptions',
      { body: '--x\r\n', contentType: 'multipart/form-data; boundary=x' },
    ],
  ])('is never %s', async (_, path, asking) => {
    const { dispatch, runtime } = await openWorld()
    const { response } = await dispatch({ path, ...asking })
    expect(proofOf(response)).toBe('')
    expect(await errorOf(response)).toEqual({ status: 400, code: 'invalid_body' })
    expect(runtime.asked).toEqual([])
  })

  it('is not what the ticket does not name, in a form either', async () => {
    const { dispatch, runtime } = await openWorld()
    const asking = asForm({ model: 'maker/m' })
    const change = { body_sha256: sha256Hex('another form') }
    const { response } = await dispatch({ path: '/v1/audio/transcriptions', ...asking, change })
    expect(await errorOf(response)).toEqual({ status: 401, code: 'wrong_body' })
    expect(runtime.asked).toEqual([])
  })
})
