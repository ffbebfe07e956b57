// What a run proves of a model that answers documents, and what keeps it from proving anything.
import { describe, expect, test } from 'vitest'
import { ids, nowMs, sleep } from '../../src/adapters/system.ts'
import type { BenchmarkBudget } from '../../src/benchmark/budget.ts'
import type { DocumentDispatch } from '../../src/benchmark/document-dispatch.ts'
import { evidenceOf } from '../../src/benchmark/evidence.ts'
import { type MeasuredDocuments, measureDocuments } from '../../src/benchmark/measure-documents.ts'
import type { HotItem } from '../../src/fleet/node.ts'
import { audioSeconds } from '../../src/metering/audio.ts'
import { signClaim } from '../../src/protocol/claim.ts'
import { type Document, type DocumentModality, documentFacts } from '../../src/protocol/document.ts'
import type { DocumentRequest } from '../../src/protocol/document-request.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { modalityOf } from '../../src/protocol/host-path.ts'
import { inputTexts } from '../../src/protocol/text-inputs.ts'
import { aBeat, aCandidate, aNode, aProfile } from '../adapters/dynamodb/facts.ts'
import {
  embeddingsDocument,
  imagesDocument,
  moderationsDocument,
  transcriptionDocument,
  vectorOf,
} from '../support/document-host.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { signedClaim } from '../support/signed-claim.ts'
import { smallBudget } from './small-budget.ts'

const node = makeSigner(generatePrivateKey())
const ticketHash = 'a'.repeat(64)
const candidate = aCandidate({ publicKey: node.publicKey, contextLength: 2048 })

/** An honest host. */
function documentOf({ path, asked }: DocumentRequest): Document {
  switch (path) {
    case '/v1/embeddings':
      return embeddingsDocument(inputTexts(asked.input))
    case '/v1/moderations':
      return moderationsDocument(inputTexts(asked.input))
    case '/v1/images/generations':
      return imagesDocument(1, asked.size ?? undefined)
    case '/v1/audio/transcriptions':
      return transcriptionDocument('', { seconds: 2 })
  }
}

type Host = (request: DocumentRequest, count: number) => Document | 'busy' | 'silent' | 'unclaimed'

/** Carries requests to a function that stands for a host, which signs what it says. */
function dispatchTo(host: Host) {
  const requests: DocumentRequest[] = []
  const dispatch: DocumentDispatch = async (_target, { request }, seer) => {
    requests.push(request)
    seer.begins()
    const said = host(request, requests.length)
    if (said === 'busy') return { kind: 'failed', reason: 'busy' }
    const over = { kind: 'over', ticketHash } as const
    if (said === 'silent') {
      seer.see({ kind: 'timeout' })
      return over
    }
    const document = said === 'unclaimed' ? documentOf(request) : said
    seer.see({ kind: 'document', document })
    if (said === 'unclaimed') return over
    const facts = documentFacts(modalityOf[request.path], document)
    const claim = {
      ...signedClaim().claim,
      ticket_hash: ticketHash,
      node_id: candidate.nodeId,
      artifact_digest: candidate.artifactDigest,
      usage: facts?.usage ?? null,
      output_sha256: facts?.outputSha256 ?? ticketHash,
    }
    seer.see({ kind: 'claim', claim: signClaim(claim, node), receiptHash: ticketHash })
    seer.see({ kind: 'done' })
    return over
  }
  return { dispatch, requests }
}

async function run(
  modality: DocumentModality,
  host: Host = documentOf,
  changes: Partial<BenchmarkBudget> = {},
) {
  const model = { ...modelOnSale('maker/model'), context_length: 2048, version: 1 }
  const [manifest] = model.profiles
  if (!manifest) throw new Error('the model has a build')
  const { dispatch, requests } = dispatchTo(host)
  const budget = { ...smallBudget, tokensMax: 5_000, pauseMs: 1, ...changes }
  const deps = { dispatch, ids, nowMs, sleep, random: Math.random }
  const target = { candidate, model, manifest }
  return { measured: await measureDocuments(deps, target, { modality, budget }), requests }
}

const whyOf = async (...of: Parameters<typeof run>) => {
  const { measured } = await run(...of)
  return measured.kind === 'unmeasured' ? measured.why : measured.kind
}

const embeddings = (change: (inputs: readonly string[]) => Document): Host => {
  return (request) =>
    request.path === '/v1/embeddings' ? change(inputTexts(request.asked.input)) : 'silent'
}

describe('an honest host is measured', () => {
  test.each<[DocumentModality, string, number]>([
    ['embedding', '/v1/embeddings', 6],
    ['moderation', '/v1/moderations', 5],
    ['image', '/v1/images/generations', 5],
    ['transcription', '/v1/audio/transcriptions', 5],
  ])('%s, by its own endpoint, several times', async (modality, path, answers) => {
    const { measured, requests } = await run(modality)
    expect(measured).toMatchObject({ kind: 'documents', modality, failures: 0 })
    expect(measured.kind === 'documents' && measured.answers).toHaveLength(answers)
    expect(new Set(requests.map((request) => request.path))).toEqual(new Set([path]))
  })

  test('with texts of many sizes, none of them asked before but one on purpose', async () => {
    const { requests } = await run('embedding')
    const inputs = requests.map(({ path, asked }) =>
      path === '/v1/embeddings' ? inputTexts(asked.input) : [],
    )
    const counts = new Set(inputs.map(({ length }) => length))
    expect(counts).toEqual(new Set([1, 4, 16, 2]))
    const texts = inputs.flat()
    expect(texts.length - new Set(texts).size).toBe(1)
    const lengths = texts.map((text) => text.length).toSorted((one, other) => one - other)
    // The longest is near the whole context, at four bytes a token.
    expect(lengths.at(-1)).toBeGreaterThan(0.7 * 2048 * 4)
    expect(lengths.at(-1)).toBeLessThan(2048 * 4)
  })

  test('and told how long a text it answered', async () => {
    const { measured } = await run('embedding')
    const { longestText } = measured.kind === 'documents' ? measured : { longestText: 0 }
    // Its runtime counts words, which are fewer than the tokens we count.
    expect(longestText).toBeGreaterThan(250)
    expect(longestText).toBeLessThan(2048)
  })

  test('with two seconds of sound that a reader of audio files takes for that', async () => {
    const { requests } = await run('transcription')
    const [first] = requests
    if (first?.path !== '/v1/audio/transcriptions') throw new Error('no audio was asked about')
    expect(audioSeconds(first.asked.file.bytes)).toBe(2)
  })
})

describe('a wrong answer is no evidence', () => {
  const { data, ...rest } = embeddingsDocument(['a'])
  test.each<[string, DocumentModality, Host]>([
    [
      'a vector too few',
      'embedding',
      embeddings((inputs) => embeddingsDocument(inputs.slice(0, 1))),
    ],
    [
      'the same vector for every text',
      'embedding',
      embeddings((inputs) => embeddingsDocument(inputs.map(() => 'a'))),
    ],
    [
      'another vector for the same text',
      'embedding',
      (request, count) =>
        embeddings((inputs) => embeddingsDocument(inputs.map((text) => `${text}${count}`)))(
          request,
          count,
        ),
    ],
    [
      'vectors of another length for other texts',
      'embedding',
      embeddings((inputs) => ({
        ...rest,
        data: inputs.map((text) => ({
          embedding: [...vectorOf(text)].slice(0, inputs.length === 1 ? 8 : 7),
        })),
      })),
    ],
    [
      'vectors that are nothing',
      'embedding',
      embeddings((inputs) => ({ data: inputs.map(() => ({ embedding: [0, 0] })) })),
    ],
    ['a verdict too few', 'moderation', () => moderationsDocument(['a'])],
    ['two images for one', 'image', () => imagesDocument(2)],
    ['an image of another size', 'image', () => imagesDocument(1, '255x256')],
    ['an image that is none', 'image', () => ({ data: [{ b64_json: 'AAAA' }] })],
  ])('%s', async (_, modality, host) => {
    expect(data).toHaveLength(1)
    expect(await whyOf(modality, host)).toBe('wrong_answer')
  })
})

describe('a host that fails', () => {
  const failingAt =
    (counts: readonly number[], how: 'silent' | 'unclaimed' | 'busy'): Host =>
    (request, count) =>
      counts.includes(count) ? how : documentOf(request)

  test('once of six times is measured, and its failure told', async () => {
    const { measured } = await run('embedding', failingAt([3], 'silent'))
    expect(measured).toMatchObject({ kind: 'documents', failures: 1 })
  })

  test.each<[string, Host, string]>([
    ['at the warm-up', () => 'silent', 'no_answer'],
    ['with another document', () => ({ text: 'hello' }), 'no_answer'],
    ['twice of six times', failingAt([3, 4], 'silent'), 'too_many_errors'],
    ['without its signature', failingAt([2, 3], 'unclaimed'), 'too_many_errors'],
    ['by being busy for long', failingAt([2, 3, 4, 5, 6, 7, 8, 9], 'busy'), 'too_many_errors'],
  ])('%s is not measured', async (_, host, why) => {
    expect(await whyOf('embedding', host)).toBe(why)
  })

  test('by being busy for a moment is asked again', async () => {
    const { measured, requests } = await run('image', failingAt([3, 4], 'busy'))
    expect(measured).toMatchObject({ kind: 'documents', failures: 0 })
    expect(requests).toHaveLength(1 + 5 + 2)
  })

  test('so slowly that the run’s tokens or its time do not suffice is too slow', async () => {
    expect(await whyOf('embedding', documentOf, { tokensMax: 300 })).toBe('too_slow')
  })
})

describe('the evidence', () => {
  const { nodeId, ...facts } = aNode()
  const hot: HotItem = {
    ...aBeat(nodeId),
    isRevoked: false,
    probe: undefined,
    disabledProfiles: [],
    breakers: {},
    liveness: 'fresh',
  }
  const measuree = { node: { nodeId, ...facts }, hot, profile: aProfile(nodeId) }
  const figuresOf = (measured: MeasuredDocuments) =>
    evidenceOf(measuree, measured, { atMs: 1_000, isPaid: true })
  const answer = (totalMs: number, counted: number, claimed: number | null) => ({
    kind: 'answered' as const,
    document: {},
    totalMs,
    counted,
    claimed: claimed === null ? null : { prompt: claimed, cached_prompt: 0, completion: 0 },
  })

  test('of embeddings: latency as first content, prompt tokens a second, no skill of text', () => {
    const answers = [answer(100, 50, 50), answer(200, 400, 410), answer(400, 100, 90)]
    const measured = { kind: 'documents', modality: 'embedding', failures: 1 } as const
    expect(figuresOf({ ...measured, answers, longestText: 900 })).toMatchObject({
      samples: 3,
      firstContentP50Ms: 200,
      prefillTokensPerSecond: 500,
      tokensPerSecondP50: 500,
      concurrencyAtTarget: 1,
      errorRate: 0.25,
      countRatio: 1,
      flags: [],
      capabilities: {
        contextTokens: 900,
        usage: true,
        streaming: false,
        tools: false,
        stop: false,
        abort: false,
        jsonSchema: false,
        logprobs: false,
      },
    })
  })

  test('of images: images a second, and the claimed number over the counted', () => {
    const image = { ...answer(2_000, 1, 0), claimed: { ...zero, units: 1 } }
    const measured = { kind: 'documents', modality: 'image', failures: 0 } as const
    expect(figuresOf({ ...measured, answers: [image, image], longestText: 0 })).toMatchObject({
      prefillTokensPerSecond: 0,
      tokensPerSecondP50: 0.5,
      countRatio: 1,
    })
  })

  test('of a runtime that reports no usage says so', () => {
    const measured = { kind: 'documents', modality: 'embedding', failures: 0 } as const
    const answers = [answer(100, 50, null)]
    expect(figuresOf({ ...measured, answers, longestText: 50 })).toMatchObject({
      countRatio: null,
      capabilities: { usage: false },
    })
  })
})

const zero = { prompt: 0, cached_prompt: 0, completion: 0 }
