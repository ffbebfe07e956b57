/** What customers ask of the gateway besides answers: models, money, keys, receipts. */
import { argument, count, flag, option, optionalArgument } from '../inputs.ts'
import { readJson } from '../json-file.ts'
import { type Leaf, leaf, type Output } from '../leaf.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import { printableLines } from '../printable.ts'
import { callOf, type Session } from '../session.ts'
import { columns } from '../table.ts'

const limit = count('--limit <n>', 'no more rows than this')

const modelColumns = columns(
  'id',
  'context_length:count=context',
  'pricing.prompt:usd=prompt $/token',
  'pricing.completion:usd=completion $/token',
  'eligible_hosts:count=hosts',
  'measured.first_content_p50_ms:count=first ms',
  'measured.tokens_per_second_p50:count=tok/s',
  'quantization',
)

const usageColumns = columns(
  'at:ago=when',
  'type',
  'amount_usd:usd=USD',
  'model',
  'prompt_tokens:count=prompt',
  'completion_tokens:count=completion',
  'status',
  'key_id=key',
  'receipt_hash=receipt',
  'reference',
)

export const customerLeaves: readonly Leaf[] = [
  leaf({
    name: 'models',
    does: 'what is on sale, or one model with its route variants',
    inputs: { model: optionalArgument('[model]', 'id of one model') },
    calls: ['GET /v1/models', 'GET /v1/models/:id'],
    run: (session, { model }) =>
      model === undefined
        ? session.list({ route: 'GET /v1/models', columns: modelColumns }, 'optional')
        : session.show({ route: 'GET /v1/models/:id', parts: [model] }, 'optional'),
  }),
  leaf({
    name: 'balance',
    does: 'what is available, what is held and until when, what was spent',
    inputs: {},
    calls: ['GET /v1/billing/account'],
    run: (session) => session.show({ route: 'GET /v1/billing/account' }),
  }),
  leaf({
    name: 'usage',
    does: 'charges and payments, newest first',
    inputs: {
      model: option('--model <id>', 'only of this model'),
      key_id: option('--key <id>', 'only of this key'),
      limit,
      csv: flag('--csv', 'as CSV'),
      ndjson: flag('--ndjson', 'as one JSON object a line'),
    },
    calls: ['GET /v1/billing/usage'],
    run: (session, { csv, ndjson, limit: rows, ...filters }) => {
      if (csv && ndjson) return Promise.resolve(refuse('Use --csv or --ndjson, not both.'))
      if (csv || ndjson) {
        const format = csv ? 'csv' : 'ndjson'
        return writeUsage(session, { format, query: filters, limit: rows })
      }
      return session.list({
        route: 'GET /v1/billing/usage',
        query: filters,
        columns: usageColumns,
        limit: rows,
      })
    },
  }),
  leaf({
    name: 'key',
    does: 'limits, use and policy of the key in use',
    inputs: {},
    calls: ['GET /v1/key'],
    run: (session) => session.show({ route: 'GET /v1/key' }),
  }),
  leaf({
    name: 'billing-policy',
    does: 'for every way in which a request can end, who pays what',
    inputs: {},
    calls: ['GET /v1/billing/policy'],
    run: (session) => session.show({ route: 'GET /v1/billing/policy' }, 'optional'),
  }),
  leaf({
    name: 'quote',
    does: 'what a request would be held for and cost, with prices locked for minutes',
    more: 'Send the id as X-B3IQ-Quote-ID with the same body to have these prices.',
    inputs: {
      file: argument('<file>', 'the body of the request, or - for what is piped in'),
      endpoint: option('--endpoint <path>', 'by default /v1/chat/completions'),
    },
    calls: ['POST /v1/account/quote'],
    run: async (session, { file, endpoint }) => {
      const body = await readJson(file, session.world)
      if (!body.ok) return body
      return session.show({
        route: 'POST /v1/account/quote',
        query: { endpoint },
        body: body.value,
      })
    },
  }),
  leaf({
    name: 'receipt',
    does: 'a receipt; with a key of the payer also its private part',
    inputs: { hash: argument('<hash>', "the gateway's or the node's") },
    calls: ['GET /v1/receipts/:hash'],
    run: (session, { hash }) =>
      session.show({ route: 'GET /v1/receipts/:hash', parts: [hash.toLowerCase()] }, 'optional'),
  }),
  leaf({
    name: 'cancel',
    does: 'stop a running request; what was produced is charged',
    inputs: { request: argument('<request>', 'its id: the header x-request-id') },
    calls: ['POST /v1/requests/:id/cancel'],
    run: (session, { request }) =>
      session.show({ route: 'POST /v1/requests/:id/cancel', parts: [request] }),
  }),
]

type Written = {
  readonly format: 'csv' | 'ndjson'
  readonly query: Readonly<Record<string, string | undefined>>
  readonly limit: number | undefined
}

const rowsPerPage = 100

/** Page by page as the gateway writes it, so that a ledger of any length passes through. */
async function writeUsage(
  session: Session,
  { format, query, limit: rowsMax = Number.POSITIVE_INFINITY }: Written,
): Promise<Outcome<Output>> {
  const opened = await session.open('gateway')
  if (!opened.ok) return opened
  let after: string | undefined
  for (let left = rowsMax; left > 0; left -= rowsPerPage) {
    const page = { ...query, format, limit: Math.min(rowsPerPage, left), after }
    const reply = await opened.value.api.ask(
      callOf({ route: 'GET /v1/billing/usage', query: page }),
    )
    if (!reply.ok) return reply
    const { text, headers } = reply.value
    const isFurther = after !== undefined && format === 'csv'
    session.world.writeOut(printableLines(isFurther ? withoutHeadLine(text) : text))
    const next = headers.get('x-next-cursor')
    if (next === null || next === after) break
    after = next
  }
  return ok({})
}

const withoutHeadLine = (csv: string): string => csv.slice(csv.indexOf('\n') + 1)
