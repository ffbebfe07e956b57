import { describe, expect, test } from 'vitest'
import { ChatRequest } from '../../src/protocol/chat-request.ts'
import { RuntimeKind } from '../../src/protocol/claim.ts'
import { PromptMessage } from '../../src/spot-checks/reference.ts'
import { freshPrompt, ordinaryRequest } from '../../src/spot-checks/wording.ts'

const makeRandom = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

test('a thousand prompts hardly repeat, and each fits a reference', () => {
  const random = makeRandom(7)
  const prompts = Array.from({ length: 1_000 }, () => freshPrompt(random))
  expect(new Set(prompts.map((prompt) => JSON.stringify(prompt))).size).toBeGreaterThan(990)
  for (const message of prompts.flat()) PromptMessage.parse(message)
  const withSystem = prompts.filter(([first]) => first?.role === 'system')
  expect(withSystem.length).toBeGreaterThan(250)
  expect(withSystem.length).toBeLessThan(420)
})

const model = { id: 'maker/model', max_output_tokens: 8_192 }

describe('a check looks like a customer', () => {
  const requestsTo = (kind: RuntimeKind) => {
    const random = makeRandom(3)
    return Array.from({ length: 200 }, () =>
      ordinaryRequest(model, freshPrompt(random), kind, random),
    )
  }
  const variety = (requests: readonly ChatRequest[], field: keyof ChatRequest) =>
    new Set(requests.map((request) => request[field])).size

  test('with fields that differ from request to request', () => {
    const requests = requestsTo('vllm')
    for (const request of requests) ChatRequest.parse(request)
    expect(variety(requests, 'temperature')).toBe(6)
    expect(variety(requests, 'max_tokens')).toBe(6)
    expect(variety(requests, 'stream')).toBe(2)
    expect(variety(requests, 'top_p')).toBe(3)
  })

  test.each(RuntimeKind.options)('and always with what is read: %s', (kind) => {
    for (const request of requestsTo(kind)) {
      expect(request).toMatchObject({ logprobs: true, top_logprobs: 5 })
    }
  })

  test('at temperature 1 where a runtime scales what it shows', () => {
    for (const { temperature, top_p } of requestsTo('sglang')) {
      expect([temperature, top_p]).toEqual([1, undefined])
    }
  })

  test('never with a longer answer than the model gives', () => {
    const random = makeRandom(3)
    for (let request = 0; request < 50; request += 1) {
      const small = { id: 'maker/small', max_output_tokens: 20 }
      const asked = ordinaryRequest(small, freshPrompt(random), 'vllm', random)
      expect(asked.max_tokens).toBeLessThanOrEqual(20)
    }
  })
})
