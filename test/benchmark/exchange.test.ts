// What an exchange makes of a runtime's words: the same as a customer's client does, so that no host is
// measured to lack what it serves, and none to have finished what its engine gave up.
import { describe, expect, test } from 'vitest'
import { ids, sleep } from '../../src/adapters/system.ts'
import { checkCapabilities } from '../../src/benchmark/capability-checks.ts'
import { type Dispatch, exchange } from '../../src/benchmark/exchange.ts'
import { openSession } from '../../src/benchmark/session.ts'
import { hostEvents } from '../../src/dispatch/host-events.ts'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { chunkText } from '../../src/protocol/chat-chunk.ts'
import { nodeReceiptHash, signClaim } from '../../src/protocol/claim.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { answerDialects } from '../support/answer-dialects.ts'
import { bodyOf, choice, type Dialect, ends } from '../support/dialect.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { inPieces } from '../support/relayed.ts'
import { toolCallDialects } from '../support/tool-call-dialects.ts'
import { smallBudget } from './small-budget.ts'

const node = makeSigner(generatePrivateKey())
const candidate = aCandidate({ publicKey: node.publicKey })
const ticketHash = 'a'.repeat(64)
const nowMs = () => 0

function target() {
  const model = { ...modelOnSale('maker/model'), version: 1 }
  const [manifest] = model.profiles
  if (!manifest) throw new Error('the model has a build')
  return { candidate, model, manifest }
}

/** A node that signs for the text of each body. */
const plays =
  (bodyFor: (asked: string) => string): Dispatch =>
  async (_target, { request }, seer) => {
    seer.begins()
    let text = ''
    for await (const batch of hostEvents(inPieces(bodyFor(JSON.stringify(request))))) {
      for (const event of batch) {
        seer.see(event)
        if (event.kind === 'chunk') text += chunkText(event.chunk)
      }
    }
    const claim = signClaim(
      {
        v: 1,
        ticket_hash: ticketHash,
        node_id: candidate.nodeId,
        usage: null,
        finish_reason: 'stop',
        output_sha256: sha256Hex(text),
        first_content_ms: 1,
        total_ms: 2,
        runtime: { kind: 'vllm', version: '1' },
        artifact_digest: candidate.artifactDigest,
      },
      node,
    )
    seer.see({ kind: 'claim', claim, receiptHash: nodeReceiptHash(claim) })
    return { kind: 'over', ticketHash }
  }

async function outcomeOf(dialect: Dialect) {
  const request = { model: 'maker/model', messages: [{ role: 'user' as const, content: 'Hi' }] }
  const order = { request, maxTokens: 64, signal: new AbortController().signal }
  return exchange({ dispatch: plays(() => bodyOf(dialect)), nowMs }, target(), order)
}

const named = (dialects: readonly Dialect[]) =>
  dialects.map((dialect) => [dialect.name, dialect] as const)
const all = [...toolCallDialects, ...answerDialects]

describe('an answer has the text, the calls and the end that a customer would see', () => {
  test.each(named(all.filter(({ means }) => means.reason !== undefined)))(
    '%s',
    async (_, dialect) => {
      const { content, calls = [], reason } = dialect.means
      expect(await outcomeOf(dialect)).toMatchObject({
        kind: 'answered',
        text: content,
        toolCalls: calls,
        finishReason: reason,
      })
    },
  )
})

describe('what broke off is no answer, though its node signed for it', () => {
  const broken = all.filter(({ means }) => means.reason === undefined)
  const failed: Dialect = {
    name: 'an engine that failed',
    source: 'none: made up',
    frames: [choice({ content: 'Hel' }), ends('error')],
    means: { content: 'Hel', reason: undefined },
  }
  test.each(named([...broken, failed]))('%s', async (_, dialect) => {
    expect(await outcomeOf(dialect)).toMatchObject({ kind: 'failed', reason: 'cut' })
  })
})

test('what is said in a choice that nobody asked for is neither text nor end', async () => {
  const other = { choices: [{ index: 1, delta: { content: 'b' }, finish_reason: 'stop' }] }
  const frames = [choice({ content: 'a' }), other]
  const means = { content: 'a', reason: undefined }
  const dialect: Dialect = { name: 'two choices', source: 'none: made up', frames, means }
  expect(await outcomeOf(dialect)).toMatchObject({ reason: 'cut' })
  const ended = { ...dialect, frames: [...frames, ends('length')] }
  expect(await outcomeOf(ended)).toMatchObject({ text: 'a', finishReason: 'length' })
})

test('a call whose name never came is one without a name', async () => {
  const call = { tool_calls: [{ index: 0, function: { arguments: '{}' } }] }
  const frames = [choice(call), ends('stop')]
  const means = { content: '', reason: 'tool_calls' }
  const nameless: Dialect = { name: 'no name', source: 'none: made up', frames, means }
  expect(await outcomeOf(nameless)).toMatchObject({ toolCalls: [{ name: '', arguments: '{}' }] })
})

describe('a host is seen to call tools, however its runtime writes the call', () => {
  test.each(named(toolCallDialects))('%s', async (_, dialect) => {
    const dispatch = plays((asked) => {
      const orderId = /the order (\d+)/.exec(asked)?.[1] ?? '0'
      return bodyOf(dialect)
        .replaceAll('weather', 'look_up_order')
        .replaceAll('city', 'order_id')
        .replaceAll(/\\?"Bonn\\?"/g, orderId)
    })
    const deps = { dispatch, ids, nowMs, sleep, random: () => 0.5 }
    const session = openSession(deps, target(), smallBudget)
    expect(await checkCapabilities(session)).toMatchObject({ tools: true })
  })
})
