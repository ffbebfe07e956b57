import { describe, expect, test } from 'vitest'
import { chatWork } from '../../src/gateway/chat-work.ts'
import { countDelivered, makeRequestCount } from '../../src/gateway/count-tokens.ts'
import type { Tokenizers } from '../../src/metering/tokenizer-cache.ts'
import type { ProfileManifest } from '../../src/protocol/catalogue.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { keyWith, planned, requestFor, shardOf } from './planning.ts'

const digest = `sha256:${'a'.repeat(64)}`
const pin = { digest, template_tokens_per_message: 3, template_tokens: 10, band: 0 }
const ratio = { mean: 2, band: 0.5 }

type Changes = Partial<Pick<ProfileManifest, 'tokenizer' | 'renders_reasoning'>>

/** A request whose earlier answer has five letters, and was reasoned about with four. */
const request = requestFor({
  messages: [{ role: 'assistant', content: 'words', reasoning_content: 'hmm…' }],
})

/** A model of one build for each of these; its candidates stand in the same order. */
function selling(...builds: readonly Changes[]) {
  const [build] = modelOnSale('maker/model').profiles
  if (!build) throw new Error('the model has a build')
  const profiles = builds.map((changes, index) => ({
    ...build,
    profile_id: `maker/model@${index}`,
    bytes_per_token: { prompt: ratio, completion: ratio },
    ...changes,
  }))
  const candidates = profiles.map(({ profile_id }) => aCandidate({ profileId: profile_id }))
  const shard = shardOf(candidates, { model: { profiles } })
  return { shard, candidates: planned({}, shard).candidates.toSorted(byProfile) }
}
const byProfile = (one: { profileId: string }, other: { profileId: string }) =>
  one.profileId < other.profileId ? -1 : 1

/** A letter is a token; who is opened and what is counted is written down. */
function makeBench(...builds: readonly Changes[]) {
  const opened: string[] = []
  const counted: string[] = []
  const tokenizers: Tokenizers = {
    open: async (digest) => {
      opened.push(digest)
      return async (texts) => {
        counted.push(texts.join('|'))
        return texts.join('').length
      }
    },
  }
  const sleep = () => new Promise<never>(() => undefined)
  const { shard, candidates } = selling(...builds)
  const counting = makeRequestCount(
    { tokenizers, sleep },
    { work: chatWork(request, keyWith(), () => 0), shard },
  )
  const startFor = (index: number) => {
    const candidate = candidates[index]
    if (!candidate) throw new Error(`there is no candidate ${index}`)
    return counting.startFor(candidate)
  }
  return { opened, counted, counting, startFor }
}

const other = `sha256:${'b'.repeat(64)}`
/** Until nothing is left that waits for nobody else. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('over the hosts of a request, the prompt', () => {
  test('is counted once for builds that are counted alike', async () => {
    const bench = makeBench({ tokenizer: pin }, { tokenizer: { ...pin, template_tokens: 20 } })
    const first = bench.startFor(0)
    await settled()
    first?.giveUp()
    const second = bench.startFor(1)
    expect((await second?.finish())?.prompt).toBe(5 + 3 + 20)
    expect(bench).toMatchObject({ opened: [digest], counted: ['words'] })
  })

  test('is counted anew for a build with another tokenizer', async () => {
    const bench = makeBench({ tokenizer: pin }, { tokenizer: { ...pin, digest: other } })
    bench.startFor(0)
    await settled()
    expect((await bench.startFor(1)?.finish())?.prompt).toBe(5 + 3 + 10)
    expect(bench).toMatchObject({ opened: [digest, other], counted: ['words', 'words'] })
  })

  test('is counted anew, with its reasoning, for a build that renders it', async () => {
    const bench = makeBench({ tokenizer: pin }, { tokenizer: pin, renders_reasoning: true })
    bench.startFor(0)
    await settled()
    expect((await bench.startFor(1)?.finish())?.prompt).toBe(5 + 4 + 3 + 10)
    expect(bench.counted).toEqual(['words', 'words|hmm…'])
  })

  test('is not counted without a tokenizer', () => {
    expect(makeBench({}).startFor(0)).toBeUndefined()
  })
})

test('once the request is over nothing of it is counted', async () => {
  const bench = makeBench({ tokenizer: pin })
  const count = bench.startFor(0)
  count?.observe(0, { content: 'x' })
  bench.counting.giveUp()
  await settled()
  expect(bench.counted).toEqual([])
  expect(await count?.finish()).toBeUndefined()
})

test.each([
  [false, 10],
  [true, 13],
])('bytes of reasoning are counted where the build renders it: %s', async (renders, tokens) => {
  const { shard, candidates } = selling({ renders_reasoning: renders })
  const [candidate] = candidates
  if (!candidate) throw new Error('there is one candidate')
  const bytes = { prompt: 20, reasoning: 6, completion: 8 }
  const counted = await countDelivered({ shard, choices: 1, stop: null }, { candidate }, bytes)
  expect(counted).toMatchObject({
    method: 'bytes_ratio',
    counted: { prompt: tokens, completion: 4 },
  })
})
