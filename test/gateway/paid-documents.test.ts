// A benchmark's requests for documents, which the platform pays for as for those of text.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DispatchEnd, Target } from '../../src/benchmark/exchange.ts'
import type { HostEvent } from '../../src/dispatch/host-events.ts'
import { findPaidDocuments } from '../../src/gateway/paid-dispatch.ts'
import type { DocumentRequest } from '../../src/protocol/document-request.ts'
import { modalityOf } from '../../src/protocol/host-path.ts'
import { answersDocuments } from '../support/document-host.ts'
import { soldAs, wavOf } from '../support/documents-on-sale.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { busy, type Script } from '../support/host-answers.ts'

let bench: GatewayBench
beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

type Asked = { readonly end: DispatchEnd; readonly kinds: readonly string[] }

async function ask(
  platform: Customer,
  requestOf: (model: string) => DocumentRequest,
  script: Script = answersDocuments(),
): Promise<Asked> {
  const dispatch = await findPaidDocuments({
    ...bench.deps,
    keys: bench.keys,
    readPlatformAccount: async () => platform.key.accountId,
  })
  if (!dispatch) throw new Error('the platform can pay')
  const { path } = requestOf('')
  const sale = await bench.sale([script], { model: soldAs(modalityOf[path]) })
  const [candidate] = sale.candidates
  if (!candidate) throw new Error('the sale has a host')
  const target: Pick<Target, 'candidate' | 'model'> = {
    candidate,
    model: { ...sale.model, version: 1 },
  }
  const kinds: string[] = []
  const see = ({ kind }: HostEvent | { readonly kind: 'timeout' }) => void kinds.push(kind)
  const order = { request: requestOf(sale.model.id), signal: new AbortController().signal }
  const end = await dispatch(target, order, { begins: () => kinds.push('begins'), see })
  return { end, kinds }
}

describe('a request for a document that a benchmark sends', () => {
  test.each<[string, (model: string) => DocumentRequest, string]>([
    [
      'vectors',
      (model) => ({ path: '/v1/embeddings', asked: { model, input: 'one' } }),
      '0.000001',
    ],
    [
      'a judgement',
      (model) => ({ path: '/v1/moderations', asked: { model, input: 'a' } }),
      '0.000001',
    ],
    [
      'an image',
      (model) => ({ path: '/v1/images/generations', asked: { model, prompt: 'a' } }),
      '0.02',
    ],
    [
      'a transcription',
      (model) => ({
        path: '/v1/audio/transcriptions',
        asked: { model, file: { type: 'wav', bytes: wavOf(2) } },
      }),
      '0.04',
    ],
  ])('for %s is seen as it comes, and paid for', async (_, requestOf, cost) => {
    const platform = await bench.customer()
    const { end, kinds } = await ask(platform, requestOf)
    expect(end).toMatchObject({ kind: 'over' })
    expect(kinds).toEqual(['begins', 'document', 'claim', 'done'])
    const { body } = await bench.onlyReceipt(platform)
    expect([body.result.status, body.charge.charge_usd]).toEqual(['completed', cost])
  })

  test('costs nothing where the host is busy', async () => {
    const platform = await bench.customer()
    const asked = (model: string) =>
      ({ path: '/v1/embeddings', asked: { model, input: 'a' } }) as const
    expect((await ask(platform, asked, busy)).end).toEqual({ kind: 'failed', reason: 'busy' })
    expect((await bench.onlyReceipt(platform)).body.charge.charge_usd).toBe('0')
  })
})
