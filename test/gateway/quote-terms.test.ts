// What a quote is made of: its bounds, who may make one, and when there is none.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dearestPromptTokens } from '../../src/gateway/plan.ts'
import { openQuote } from '../../src/gateway/quote-token.ts'
import type { ActiveIncident } from '../../src/incidents/incident.ts'
import { errorOf, messages } from '../support/chat-client.ts'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'
import { shardOf, someCandidate } from './planning.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

test('a quote is of its images at the build where they take the most', async () => {
  const tokens = (image_tokens_max: number) => ({ image_tokens_max })
  const shard = shardOf([someCandidate])
  const [profile] = shard.model.profiles
  if (!profile) throw new Error('the model has a build')
  const profiles = [tokens(100), tokens(900)].map((more) => ({ ...profile, ...more }))
  const dear = { ...shard, model: { ...shard.model, profiles } }
  const plan = { promptTokensMax: 250, imageTokensMax: 200, images: 2 }
  expect(dearestPromptTokens(plan, dear)).toBe(50 + 2 * 900)
})

test('there is no quote while an incident pauses what it would be for', async () => {
  const { model } = await bench.sale([streams(['Hello'])])
  const paused: ActiveIncident = {
    incidentId: `inc_${bench.deps.ids.ulid(Date.now())}`,
    scope: { kind: 'model', id: model.id },
    untilMs: Date.now() + 60_000,
  }
  const app = bench.appOf({ readIncidents: async () => [paused] })
  const { token } = await bench.customer()
  const reply = await app.request('/v1/account/quote', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: model.id, messages }),
  })
  expect(await errorOf(reply)).toMatchObject({ code: 'incident_paused' })
})

test('terms of another release are no quote any more', async () => {
  const quote = { v: 1, nonce: 'n', account: 'acct_1' } as const
  const terms = Buffer.from(JSON.stringify(quote)).toString('base64url')
  const mac = createHmac('sha256', bench.deps.claimSecret)
  const token = `${terms}.${mac.update(`b3iq:quote:v1\n${terms}`).digest('base64url')}`
  expect(openQuote(token, bench.deps.claimSecret)).toBeUndefined()
})
