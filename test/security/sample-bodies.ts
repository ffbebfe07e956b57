/** A sound request for each paid endpoint, so that nothing but its caller can be wrong with it. */
import { paidEndpoints } from '../../src/gateway/paid-endpoints.ts'
import { HostPath, modalityOf } from '../../src/protocol/host-path.ts'
import type { Modality } from '../../src/protocol/modality.ts'
import { messages } from '../support/chat-client.ts'
import { formOf } from '../support/document-client.ts'
import { answersDocuments } from '../support/document-host.ts'
import { soldAs, wavOf } from '../support/documents-on-sale.ts'
import type { GatewayBench, Sale } from '../support/gateway-bench.ts'
import { streams } from '../support/host-answers.ts'

export const paidPaths: readonly string[] = paidEndpoints.map(({ path }) => path)

const prompt = 'Say hello.'
const jsonSamples: Readonly<Record<string, object>> = {
  '/v1/chat/completions': { messages },
  '/v1/completions': { prompt },
  '/v1/responses': { input: prompt },
  '/v1/embeddings': { input: prompt },
  '/v1/moderations': { input: prompt },
  '/v1/images/generations': { prompt },
}
const formPath = '/v1/audio/transcriptions'

/** Of the modality that the path is for; a path of ours that no runtime has is a chat's. */
export const modalityFor = (path: string): Modality => {
  const hostPath = HostPath.safeParse(path)
  return hostPath.success ? modalityOf[hostPath.data] : 'text'
}

/** Throws where a paid endpoint is new and nobody has said yet what a sound request for it is. */
export function sampleBody(path: string, model: string): object | FormData {
  if (path === formPath) return formOf({ model }, { bytes: wavOf(1) })
  const sample = jsonSamples[path]
  if (!sample) throw new Error(`there is no sample of a request for ${path}`)
  return { model, ...sample }
}

/** As it is sent: a form brings its own content type. */
export function bodyInit(body: object | FormData): RequestInit {
  if (body instanceof FormData) return { body }
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

export type Market = Readonly<Record<Modality, Sale>>

/** A model of each modality with a host that serves as often as it is asked. */
export async function openMarket(bench: GatewayBench): Promise<Market> {
  const documents = async (modality: Exclude<Modality, 'text'>) => {
    const sale = await bench.sale([answersDocuments()], { model: soldAs(modality) })
    sale.host.always(answersDocuments())
    return sale
  }
  return {
    text: await bench.sale([streams(['Hello', ' world'])]),
    embedding: await documents('embedding'),
    moderation: await documents('moderation'),
    image: await documents('image'),
    transcription: await documents('transcription'),
  }
}

export const dispatchesOf = (market: Market): number =>
  Object.values(market).reduce((sum, { hosts }) => {
    return sum + hosts.reduce((own, { dispatches }) => own + dispatches.length, 0)
  }, 0)
