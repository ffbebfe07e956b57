import { expect, onTestFinished, test } from 'vitest'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { ids, nowMs, sleep } from '../../src/adapters/system.ts'
import { makeUnpaidDispatch } from '../../src/benchmark/dispatch.ts'
import { makeTicketSigner } from '../../src/dispatch/ticket-signer.ts'
import { generatePrivateKey, makeSigner } from '../../src/protocol/ed25519.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { answers, drip, type Frame, finishes, says } from '../support/host-answers.ts'
import { modelOnSale } from '../support/model-on-sale.ts'
import { startScriptedHost } from '../support/scripted-host.ts'
import { sleepShortened } from '../support/sleep-shortened.ts'
import { timersOver } from '../support/timers-over.ts'

/** What a run hears of a host that is given 150 ms for its first content. */
async function kindsFrom(frames: AsyncIterable<Frame>) {
  const host = await startScriptedHost(answers({ frames }))
  onTestFinished(() => host.stop())
  const root = makeSigner(generatePrivateKey())
  const dispatch = makeUnpaidDispatch({
    stage: 'test',
    dialer: makeDialer({ allowsLoopback: true }),
    ticketSigner: makeTicketSigner({ stage: 'test', root, ids, nowMs }),
    ids,
    nowMs,
    startTimer: timersOver(sleepShortened({ 30000: 150 })),
  })
  const model = { ...modelOnSale('maker/model'), version: 1 }
  const [manifest] = model.profiles
  if (!manifest) throw new Error('the model has a build')
  const { nodeId, publicKey, url: routeUrl } = host
  const target = { candidate: aCandidate({ nodeId, publicKey, routeUrl }), model, manifest }
  const request = { model: model.id, messages: [{ role: 'user' as const, content: 'Hi' }] }
  const { signal } = new AbortController()
  const kinds: string[] = []
  await dispatch(
    target,
    { request, maxTokens: 64, signal },
    {
      begins: () => undefined,
      see: ({ kind }) => void kinds.push(kind),
    },
  )
  return kinds
}

test('a host that streams slowly is heard to its end', async () => {
  async function* slowly() {
    for (const text of ['a', 'b', 'c', 'd']) {
      yield says(text)
      await sleep(60)
    }
    yield finishes()
  }
  expect(await kindsFrom(slowly())).toEqual([...Array(5).fill('chunk'), 'claim', 'done'])
})

test('a host that sends frames without a text is not waited for', async () => {
  expect((await kindsFrom(drip(says(''), 20))).at(-1)).toBe('timeout')
})
