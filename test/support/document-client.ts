/** A customer's requests for documents, as JSON or as a form, to a sale of their modality. */
import type { DocumentModality } from '../../src/protocol/document.ts'
import type { DocumentPath } from '../../src/protocol/document-request.ts'
import { modalityOf } from '../../src/protocol/host-path.ts'
import { answersDocuments } from './document-host.ts'
import { soldAs } from './documents-on-sale.ts'
import type { BenchChanges, Customer, GatewayBench, Sale } from './gateway-bench.ts'
import type { Script } from './host-answers.ts'

export type DocumentAsk = {
  readonly customer?: Customer
  readonly bench?: BenchChanges
  /** @default one with the changes of `bench` */
  readonly app?: ReturnType<GatewayBench['appOf']>
  readonly headers?: Readonly<Record<string, string>>
}

export type Asking = { readonly sale: Sale; readonly customer: Customer }

/** The bench starts after the tests are declared, so it is asked for at each use. */
export const documentAsksOf = (bench: () => GatewayBench, path: DocumentPath) => {
  const modality: DocumentModality = modalityOf[path]
  let standing: Promise<Asking> | undefined

  const newSale = async (scripts: readonly Script[], customer?: Customer): Promise<Asking> => ({
    sale: await bench().sale(scripts, { model: soldAs(modality) }),
    customer: customer ?? (await bench().customer()),
  })

  /** Without a model of its own a body names the sale's. */
  const send = async (
    body: object | FormData,
    { sale, customer }: Asking,
    changes: DocumentAsk = {},
  ) => {
    const isForm = body instanceof FormData
    if (isForm && !body.has('model')) body.append('model', sale.model.id)
    const { app = bench().appOf(changes.bench) } = changes
    const response = await app.request(path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${customer.token}`,
        ...(isForm ? {} : { 'content-type': 'application/json' }),
        ...changes.headers,
      },
      body: isForm ? body : JSON.stringify({ model: sale.model.id, ...body }),
    })
    return { sale, customer, response }
  }

  return {
    newSale,
    send,
    /** Of a new sale by these hosts. */
    ask: async (
      body: object | FormData,
      scripts: readonly Script[] = [answersDocuments()],
      changes: DocumentAsk = {},
    ) => send(body, await newSale(scripts, changes.customer), changes),
    /** Of one sale for all, for requests that are to be refused: throws where its host was asked. */
    askInVain: async (body: object | FormData) => {
      standing ??= newSale([answersDocuments()])
      const asked = await send(body, await standing)
      if (asked.sale.host.dispatches.length > 0) throw new Error('the host was asked')
      return asked
    },
  }
}

/** Texts by name, in their order; a list's name is repeated. */
export function formOf(
  fields: Readonly<Record<string, string | readonly string[]>>,
  file?: { readonly bytes: Uint8Array; readonly name?: string },
): FormData {
  const form = new FormData()
  if (file) form.append('file', new File([Uint8Array.from(file.bytes)], file.name ?? 'talk.wav'))
  for (const [name, value] of Object.entries(fields)) {
    for (const one of typeof value === 'string' ? [value] : value) form.append(name, one)
  }
  return form
}
