/** What a gateway is asked for: a model of each modality, whose one host serves it, and a customer with all limits. */
import * as z from 'zod'
import type { CatalogueModel } from '../../../src/protocol/catalogue.ts'
import type { Modality } from '../../../src/protocol/modality.ts'
import { chatPath, chatRequest } from '../../../test/support/chat-client.ts'
import { answersDocuments } from '../../../test/support/document-host.ts'
import { soldAs } from '../../../test/support/documents-on-sale.ts'
import {
  answers,
  counts,
  type Frame,
  finishes,
  makeLatch,
  type Script,
  says,
  streams,
} from '../../../test/support/host-answers.ts'
import { keyLimits } from '../../stage/key-limits.ts'
import type { Stand } from './stand.ts'

export type Shop = Awaited<ReturnType<typeof openShop>>

export async function openShop({ bench, noted }: Stand) {
  const sell = async (modality: Modality): Promise<CatalogueModel> => {
    const [script, model] =
      modality === 'text' ? [answersText, {}] : [answersDocuments(), soldAs(modality)]
    const { host, model: sold } = await bench.sale([noted(script)], { model })
    host.always(noted(script))
    return sold
  }
  const models = {
    text: await sell('text'),
    embedding: await sell('embedding'),
    moderation: await sell('moderation'),
    image: await sell('image'),
    transcription: await sell('transcription'),
  }
  await bench.pool.writePublicCatalogue({
    builtAtMs: Date.now(),
    models: Object.values(models).map(publicly),
  })
  return {
    models,
    newCustomer: () => bench.customer({ key: keyLimits, balanceUsd: '1000' }),
  }
}

const answersText: Script = (turn) =>
  turn.path === '/v1/completions' ? goesOn(turn) : streams(['Hello', ' world'])(turn)

const goesOn = answers({
  frames: [
    { choices: [{ index: 0, text: ' upon a time', finish_reason: null }] },
    { choices: [{ index: 0, text: '', finish_reason: 'stop' }] },
    counts(2, 3),
  ],
})

const publicly = (model: CatalogueModel) => ({
  model: { ...model, version: 7 },
  eligibleHosts: 1,
  firstContentP50Ms: 180,
  tokensPerSecondP50: 61,
  quantizations: ['Q8_0'],
  variants: [],
})

/** So many streams of one customer that run until they are told to end. */
export async function openStreams(
  { bench, unmetered }: Stand,
  of: {
    readonly customer: Awaited<ReturnType<Shop['newCustomer']>>
    readonly count: number
  },
) {
  const latch = makeLatch()
  async function* frames(): AsyncGenerator<Frame> {
    yield says('Once')
    await latch.opened
    yield finishes()
    yield counts(9, 3)
  }
  const talks: Script = (turn) => answers({ frames: frames() })(turn)
  const { model, host } = await bench.sale([talks])
  host.always(talks)
  const open = async () => {
    const asked = chatRequest(of.customer, { model: model.id, stream: true })
    const response = await unmetered.request(chatPath, asked)
    if (!response.ok) throw new Error(`no stream was opened: ${await response.text()}`)
    return { id: z.string().parse(response.headers.get('x-request-id')), body: response.text() }
  }
  const opened = await Promise.all(Array.from({ length: of.count }, open))
  return {
    ids: opened.map(({ id }) => id),
    end: async () => {
      latch.open()
      await Promise.all(opened.map(({ body }) => body))
    },
  }
}
