// Whatever a runtime writes, its agent signs for the very text and usage that the gateway reads: a
// claim is compared by its hash, so one byte of difference would cost an honest host its word.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifyClaim } from '../../src/protocol/claim.ts'
import type { Reply } from '../apps/host/support/fake-runtime.ts'
import { openWorld } from '../apps/host/support/host-world.ts'
import { relayed } from '../support/relayed.ts'

/** Halves of characters too: a JSON text can hold what UTF-8 cannot. */
const text = fc.string({
  unit: fc.constantFrom('a', ' ', 'ü', '🙂', '\ud83d', '\ude42', '\n', '"'),
})
const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const orNull = <T>(value: fc.Arbitrary<T>) => perhaps(fc.option(value, { freq: 3 }))

const toolCall = fc.record({
  index: orNull(fc.integer({ min: -1, max: 3 })),
  id: orNull(fc.constantFrom('', 'a', 'b')),
  function: orNull(
    fc.record({
      name: orNull(fc.constantFrom('', 'f', 'g')),
      arguments: orNull(fc.oneof(text, fc.jsonValue())),
    }),
  ),
})
const delta = fc.record({
  role: orNull(text),
  content: orNull(text),
  reasoning: orNull(text),
  reasoning_content: orNull(text),
  refusal: orNull(text),
  tool_calls: orNull(fc.array(toolCall, { maxLength: 3 })),
})
const choice = fc.record({
  index: orNull(fc.integer({ min: 0, max: 2 })),
  delta: orNull(delta),
  message: perhaps(delta),
  text: perhaps(text),
  finish_reason: orNull(fc.constantFrom('', 'stop', 'length', 'abort')),
})
const count = orNull(fc.oneof(fc.nat(50), fc.constantFrom(-1, 0.5, 1e12)))
const usage = fc.record({
  prompt_tokens: fc.nat(50),
  completion_tokens: count,
  cached_tokens: count,
  prompt_tokens_details: orNull(fc.record({ cached_tokens: count })),
})
const frame = fc.record({
  choices: orNull(fc.array(choice, { maxLength: 3 })),
  usage: orNull(usage),
})

const noise = fc.constantFrom(': ping\n\n', 'data: {"a":\n\n', 'id: 1\n', 'data: [1]\n\n')
const written = fc.oneof(
  { weight: 4, arbitrary: frame.map((value) => `data: ${JSON.stringify(value)}\n\n`) },
  // Two frames that nothing parts, and one over two lines.
  fc
    .tuple(frame, frame)
    .map(([a, b]) => `data: ${JSON.stringify(a)}\ndata: ${JSON.stringify(b)}\n\n`),
  frame.map((value) => `data: ${JSON.stringify(value, null, 1).replaceAll('\n', '\ndata: ')}\n\n`),
  noise,
)
const reply = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      pieces: fc.array(written, { maxLength: 8 }).map((pieces) => [...pieces, 'data: [DONE]\n\n']),
    }),
  },
  frame.map((value) => ({ type: 'application/json', pieces: [JSON.stringify(value)] })),
)

test('the text and the usage of a claim are those that the gateway read', async () => {
  const current: { reply: Reply } = { reply: { pieces: [] } }
  const { dispatch, proxy } = await openWorld(current)
  await fc.assert(
    fc.asyncProperty(reply, async (given) => {
      current.reply = given
      const { response } = await dispatch()
      if (response.body === null) throw new Error('the agent sent no body')
      // A document that is no reply is refused before it is signed for.
      if (response.status === 502) return response.body.cancel()
      const { claim, hostUsage, totals } = await relayed(response.body, { choices: 2 })
      if (claim === undefined) throw new Error('the agent signed for nothing')
      expect(verifyClaim(claim, proxy.node.signer.publicKey)).toBe(true)
      expect(claim.claim.output_sha256).toBe(totals.outputSha256)
      expect(claim.claim.usage).toEqual(hostUsage)
    }),
    { numRuns: 80 },
  )
})
