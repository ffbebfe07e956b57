/** The gateway with everything on sale, its refusals looked through for what they must not tell. */
import type { BenchChanges, Customer, GatewayBench } from '../support/gateway-bench.ts'
import { guardingErrors } from './guarded-errors.ts'
import { bodyInit, dispatchesOf, modalityFor, openMarket, sampleBody } from './sample-bodies.ts'

export type OpenGateway = Awaited<ReturnType<typeof openGateway>>

export async function openGateway(bench: GatewayBench) {
  const market = await openMarket(bench)
  const { receipt_key, ticket_root_key, job_key, peppers, ...words } = bench.secrets
  const secrets = [
    ...Object.values(peppers),
    ...[receipt_key, ticket_root_key, job_key].map(({ private_key }) => private_key.d),
    words.enrolment_secret,
    words.bootstrap_token,
  ]
  const appOf = (changes: BenchChanges = {}) =>
    guardingErrors(bench.appOf(changes), { secrets, tables: bench.tables })
  const app = appOf()
  const modelFor = (path: string) => market[modalityFor(path)].model.id

  return {
    app,
    appOf,
    market,
    modelFor,
    dispatches: () => dispatchesOf(market),
    /** A sound request, of whoever the headers name. */
    call: async (
      { method, path, takes }: { method: string; path: string; takes: readonly string[] },
      headers: Readonly<Record<string, string>> | Headers = {},
    ): Promise<Response> => {
      // A quote is for chat where it names no endpoint.
      const [bare = ''] = path.split('?')
      const paidPath = bare === '/v1/account/quote' ? '/v1/chat/completions' : bare
      const init = takes.length > 0 ? bodyInit(sampleBody(paidPath, modelFor(paidPath))) : {}
      const all = new Headers(init.headers)
      for (const [name, value] of new Headers(headers)) all.set(name, value)
      return app.request(path, { ...init, method, headers: all })
    },
  }
}

export const bearer = ({ token }: Pick<Customer, 'token'>) => ({ authorization: `Bearer ${token}` })

/** What a reply says, without what no two replies share. */
export async function saidBy(response: Response) {
  const { headers, status } = response
  const body = (await response.text()).replaceAll(headers.get('x-request-id') ?? ' ', 'ID')
  const told = [...headers].filter(([name]) => name !== 'x-request-id')
  return { status, headers: Object.fromEntries(told), body }
}
