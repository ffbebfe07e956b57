// Models that answer documents come to their evidence as texts do: through the schedule, by real dispatches.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MeasuredHosts, startMeasuredHosts } from '../benchmark/measured-host.ts'
import { answersDocuments, sendsDocument } from '../support/document-host.ts'
import { streams } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

let hosts: MeasuredHosts
beforeAll(async () => {
  hosts = await startMeasuredHosts()
})
afterAll(() => hosts.stop())

const digestOf = { embedding: 'b', image: 'd' } as const
type Sold = keyof typeof digestOf

/** Sells a model of this kind; a host's profile of it is what comes out. */
async function sold(modality: Sold) {
  const id = `maker/${modality}`
  const artifactDigest = `sha256:${digestOf[modality].repeat(64)}`
  const { profiles, ...model } = modelOnSale(id, { modality })
  const artifact = { format: 'gguf', digest: artifactDigest, quantization: null }
  await hosts.bench.catalogue.putModel({
    ...model,
    profiles: profiles.map((profile) => ({ ...profile, artifact })),
  })
  return { profile: { model: id, profileId: `${id}@q8`, artifactDigest } }
}

test.each<[Sold, string]>([
  ['embedding', '/v1/embeddings'],
  ['image', '/v1/images/generations'],
])('a model for %s is measured at its own endpoint alone', async (modality, path) => {
  const host = await hosts.enrolled(answersDocuments(), await sold(modality))
  const { report, benchmark, profile } = await hosts.run(host)
  expect(report).toMatchObject({ run: 1, passed: 1, unpaid: 1 })
  expect(benchmark).toMatchObject({
    artifactDigest: profile.artifactDigest,
    isPaid: false,
    errorRate: 0,
    concurrencyAtTarget: 1,
    capabilities: { streaming: false, tools: false, usage: true },
  })
  expect(benchmark?.samples).toBeGreaterThanOrEqual(5)
  expect(new Set(host.dispatches.map((dispatch) => dispatch.path))).toEqual(new Set([path]))
  expect((await hosts.run(host)).report.run).toBe(0)
})

test('a host that answers a text instead, or another document, leaves no evidence', async () => {
  for (const script of [streams(['Hello']), sendsDocument({ results: [] })]) {
    const host = await hosts.enrolled(script, await sold('embedding'))
    const { report, benchmark, unmeasured } = await hosts.run(host)
    expect(report).toMatchObject({ run: 1, passed: 0 })
    expect(benchmark).toBeUndefined()
    expect(unmeasured).toMatchObject([{ why: 'no_answer' }])
  }
})

test('a text is still measured as one, on a node beside them', async () => {
  const host = await hosts.enrolled(streams(['Hello']))
  expect((await hosts.run(host)).report).toMatchObject({ run: 1, passed: 1 })
  expect(host.lastDispatch().path).toBe('/v1/chat/completions')
})
