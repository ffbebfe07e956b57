// What a request and its key ask of hosts, as the schema lets it through.
import { describe, expect, test } from 'vitest'
import { hasHostsFor, needsOf, routePolicyOf } from '../../src/gateway/route-policy.ts'
import { ChatRequest } from '../../src/protocol/chat-request.ts'
import { openPolicy } from '../../src/routing/policy.ts'
import { aCandidate, aKey } from '../adapters/dynamodb/facts.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

const key = { ...aKey('acct_1', { policy: { exposes_node_id: false } }), ordinal: 1 }
const user = { role: 'user', content: 'Hi' }
const bodyOf = (body: object) => ({ model: 'maker/model', messages: [user], ...body })
const requestOf = (body: object = {}) => ChatRequest.parse(bodyOf(body))
const policyOf = (provider: object, of = key) => routePolicyOf(requestOf({ provider }), of, 0)

const tools = [{ type: 'function', function: { name: 'weather', parameters: {} } }]
const json_schema = { name: 'reply', schema: { type: 'object' } }
const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }

describe('a request needs', () => {
  test.each([
    ['nothing for text', {}, []],
    ['nothing for an empty list of tools', { tools: [] }, []],
    ['nothing for an answer in text', { response_format: { type: 'text' } }, []],
    ['nothing where it wants no log-probabilities', { logprobs: false }, []],
    ['tools', { tools }, ['tools']],
    ['schemas', { response_format: { type: 'json_schema', json_schema } }, ['jsonSchema']],
    ['schemas for any JSON', { response_format: { type: 'json_object' } }, ['jsonSchema']],
    ['log-probabilities', { logprobs: true }, ['logprobs']],
    ['eyes', { messages: [{ role: 'user', content: [picture] }] }, ['vision']],
    ['all of it at once', { tools, logprobs: true }, ['tools', 'logprobs']],
  ])('%s', (_, body, needs) => {
    expect(needsOf(requestOf(body))).toEqual(needs)
  })
})

describe('a policy', () => {
  test('asks for nothing where the request asks for nothing', () => {
    expect(policyOf({})).toEqual(openPolicy)
    expect(routePolicyOf(requestOf(), key, 0)).toEqual(openPolicy)
  })

  test('has what the request says of hosts', () => {
    const provider = {
      region: ['eu'],
      only: ['maker/model@q8'],
      ignore: ['maker/model@q2'],
      sort: 'latency',
      allow_fallbacks: false,
    }
    expect(policyOf(provider)).toEqual({
      ...openPolicy,
      regions: ['eu'],
      hosts: { only: provider.only, ignore: provider.ignore, mayNameNodes: false },
      sort: 'latency',
      allowsFallbacks: false,
    })
  })

  test('lets nodes be named where the key shows them', () => {
    const shown = { ...key, policy: { exposes_node_id: true } }
    expect(policyOf({}, shown).hosts.mayNameNodes).toBe(true)
  })
})

describe('the schema refuses', () => {
  test.each([
    ['an empty list of those to use', { only: [] }],
    ['an empty list of regions', { region: [] }],
    ['a region in other letters', { region: ['EU'] }],
    ['more than 64 hosts', { ignore: Array.from({ length: 65 }, (_, index) => `host ${index}`) }],
    ['a name longer than any', { only: ['x'.repeat(161)] }],
    ['another order', { sort: 'beauty' }],
  ])('%s', (_, provider) => {
    expect(ChatRequest.safeParse(bodyOf({ provider })).success).toBe(false)
  })
})

test.each([
  [7, {}, false],
  [8, {}, true],
  [8, { logprobs: true }, false],
])('%i hosts are enough for %j: %j', (count, body, isEnough) => {
  const model = { ...modelOnSale('maker/model'), version: 1 }
  const candidates = Array.from({ length: count }, () => aCandidate({ capabilities: [] }))
  const shard = { model, builtAtMs: 0, shards: 3, excludedBy: [], candidates }
  expect(hasHostsFor(requestOf(body), key, () => 0)(shard)).toBe(isEnough)
})
