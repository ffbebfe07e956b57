/**
 * One request over real HTTP at a model whose first host fails: what its client read, and what ledger,
 * receipts and breakers held at the moment when the reply had ended.
 */
import * as z from 'zod'
import type { Decision } from '../../src/ledger/ports.ts'
import { chatPath, chatRequest, streamOf } from '../support/chat-client.ts'
import type { GatewayBench, Sale } from '../support/gateway-bench.ts'
import { sleepShortened } from '../support/sleep-shortened.ts'
import { type Failure, type FailureName, failures, isSound, type Pace } from './failing-hosts.ts'

export type Cell = {
  readonly failure: FailureName
  readonly streamed: boolean
  /** The one that fails, and sound ones after it. */
  readonly hosts: number
}

/** What a reply says of its end, in an error or in the last of its objects. */
const Summary = z.looseObject({
  receipt_hash: z.string(),
  cost_usd: z.string(),
  retries: z.int(),
  salt: z.string().nullable(),
})
type Summary = z.infer<typeof Summary>

const ErrorReply = z.object({ error: z.looseObject({ code: z.string() }) })
const JsonReply = z.object({
  choices: z.tuple([
    z.object({ message: z.object({ content: z.string() }), finish_reason: z.string() }),
  ]),
  b3iq: Summary,
})

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly pings: number
  readonly finishReason: string | null
  readonly isDone: boolean
  readonly error: Readonly<Record<string, unknown>> | undefined
  readonly summary: Summary | undefined
}

export type CellRun = {
  readonly cell: Cell
  readonly reply: Reply
  /** Of the customer's account, as they stood when the reply had ended. */
  readonly decisions: readonly Decision[]
  readonly wallet: Readonly<Record<'available' | 'held' | 'spent', bigint>>
  /** One for each host, in the order of the candidates. */
  readonly hosts: readonly {
    readonly nodeId: string
    readonly dispatches: number
    readonly failuresCounted: number
  }[]
}

/** Where the gateway listens, by the pace of its waits. */
export type Gateways = Readonly<Record<Pace, string>>

export async function startGateways(bench: GatewayBench): Promise<Gateways> {
  const { dialer } = bench
  const tenth = bench.appOf({
    sleep: sleepShortened({ 5000: 500, 10000: 1_000, 30000: 3_000 }),
    dialer: { ...dialer, post: (order) => dialer.post({ ...order, headersTimeoutMs: 1_000 }) },
  })
  return {
    usual: await bench.listen(bench.appOf()),
    tenth: await bench.listen(tenth),
    short_deadline: await bench.listen(bench.appOf({ deadlineMs: 2_000 })),
  }
}

export async function runCell(
  bench: GatewayBench,
  gateways: Gateways,
  cell: Cell,
): Promise<CellRun> {
  const failure: Failure = failures[cell.failure]
  const { script, routeUrl, pace = 'usual' } = failure
  const sound = Array.from({ length: cell.hosts - 1 }, (_, index) => isSound(index + 2))
  const firstHost = routeUrl === undefined ? {} : { routeUrl }
  const sale = await bench.sale([script, ...sound], { firstHost })
  const customer = await bench.customer()
  const body = { model: sale.model.id, stream: cell.streamed }
  const response = await fetch(`${gateways[pace]}${chatPath}`, chatRequest(customer, body))
  const reply = await replyOf(response)
  const page = { limit: 2, after: undefined }
  const [wallet, { items: decisions }, hosts] = await Promise.all([
    bench.wallet(customer),
    bench.receipts.listReceipts(customer.key.accountId, page),
    hostsOf(bench, sale),
  ])
  return { cell, reply, decisions, wallet, hosts }
}

async function hostsOf(bench: GatewayBench, sale: Sale): Promise<CellRun['hosts']> {
  const hot = await bench.fleet.readHotItems(sale.hosts.map(({ nodeId }) => nodeId))
  return sale.candidates.map(({ nodeId, profileId }, index) => ({
    nodeId,
    dispatches: sale.hosts[index]?.dispatches.length ?? 0,
    failuresCounted: hot.get(nodeId)?.breakers[profileId]?.failures ?? 0,
  }))
}

async function replyOf(response: Response): Promise<Reply> {
  const { status, headers } = response
  const nothing = { text: '', pings: 0, finishReason: null, isDone: false }
  if (status !== 200) {
    const { error } = ErrorReply.parse(await response.json())
    return { ...nothing, status, headers, error, summary: undefined }
  }
  if (headers.get('content-type')?.startsWith('application/json')) {
    const { choices, b3iq: summary } = JsonReply.parse(await response.json())
    const [{ message, finish_reason: finishReason }] = choices
    const said = { text: message.content, finishReason, isDone: true }
    return { ...nothing, ...said, status, headers, error: undefined, summary }
  }
  const { text, pings, isDone, last } = await streamOf(response)
  return {
    status,
    headers,
    text,
    pings,
    finishReason: last.choices[0]?.finish_reason ?? null,
    isDone,
    error: last.error,
    summary: last.b3iq,
  }
}
