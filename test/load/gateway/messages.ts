/** What the processes of a load run tell each other: their setup at the start, what happened after it. */
import * as z from 'zod'
import { Fault } from './fault-plan.ts'

/** The environment variable that holds a process's setup, as JSON. */
export const setupKey = 'LOAD_SETUP'

const Url = z.string().startsWith('http://127.0.0.1:')

export const HostsSetup = z.object({
  stage: z.string(),
  rootPublicKeys: z.array(z.string()),
  tables: z.object({
    balances: z.string(),
    keys: z.string(),
    profiles: z.string(),
    receipts: z.string(),
    spend: z.string(),
  }),
  endpoint: z.string(),
  /** Of this process, each by its place among all hosts. */
  hosts: z.array(z.int().min(0)),
  slots: z.int().min(1),
  tokenDelayMs: z.int().min(0),
  beatEveryMs: z.int().min(100),
  faults: z.array(Fault),
})
export type HostsSetup = z.infer<typeof HostsSetup>

export const HostMessage = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('listening'),
    host: z.int(),
    nodeId: z.string(),
    publicKey: z.string(),
    url: Url,
  }),
  z.object({ kind: z.literal('failing'), fault: Fault }),
  z.object({ kind: z.literal('back'), fault: Fault }),
])
export type HostMessage = z.infer<typeof HostMessage>

export const Customer = z.object({
  accountId: z.string(),
  token: z.string(),
  /** What is special about it. */
  kind: z.enum(['plain', 'tight_balance', 'concurrency', 'rpm', 'tpm', 'spend_cap']),
})
export type Customer = z.infer<typeof Customer>

export const ClientsSetup = z.object({
  seed: z.int(),
  gatewayUrls: z.array(Url).min(1),
  model: z.string(),
  streams: z.int().min(1),
  customers: z.array(Customer).min(1),
  /** Those who may run into a limit of theirs. */
  limited: z.array(Customer),
  tokensLeast: z.int().min(1),
  tokensMost: z.int().min(1),
  /** After a reply that was an error, before the next request. */
  pauseMs: z.int().min(0),
})
export type ClientsSetup = z.infer<typeof ClientsSetup>

/** How a request ended, as its client saw it. */
export const Reply = z.object({
  /** What the client had in mind: `repeat` sends one idempotency key several times. */
  act: z.enum(['stream', 'json', 'leave', 'cancel', 'repeat']),
  accountId: z.string(),
  isStreamed: z.boolean(),
  startedAtMs: z.number(),
  endedAtMs: z.number(),
  firstContentMs: z.number().nullable(),
  requestId: z.string().nullable(),
  /** `done`: a stream with its `[DONE]`. `broken`: neither that nor an error, though nobody left. */
  end: z.enum(['done', 'json', 'error', 'left', 'broken']),
  /** Of an error. */
  code: z.string().nullable(),
  /** What broke. */
  cause: z.string().nullable(),
  /** Of all text deltas in order; null where none was read to the end. */
  textSha256: z.string().nullable(),
  /** The marks of the hosts that its words carried. */
  marks: z.array(z.string()),
  receiptHash: z.string().nullable(),
  costUsd: z.string().nullable(),
  salt: z.string().nullable(),
  /** Hosts that were tried in vain before the one that served. */
  retries: z.int().nullable(),
  /** The idempotency key that it shares with others. */
  idempotencyKey: z.string().nullable(),
})
export type Reply = z.infer<typeof Reply>

export const ClientMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reply'), reply: Reply }),
  /** What `POST /v1/requests/{id}/cancel` answered: a status of it, or an error code. */
  z.object({ kind: z.literal('cancel'), answer: z.string() }),
  z.object({ kind: z.literal('running'), streams: z.int() }),
])
export type ClientMessage = z.infer<typeof ClientMessage>

/** Of a gateway, after a collection. */
export const HeapMessage = z.object({ kind: z.literal('heap'), mb: z.number().positive() })
export type HeapMessage = z.infer<typeof HeapMessage>
export const heapEveryMs = 10_000

/** From the run to its processes. */
export const Order = z.enum(['go', 'stop'])
export type Order = z.infer<typeof Order>

export function readSetup<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
  return schema.parse(JSON.parse(process.env[setupKey] ?? 'null'))
}

/** To the run that started this process. */
export function tell(message: HostMessage | ClientMessage): void {
  process.send?.(message)
}

/** Resolves when the run gives this order. */
export function ordered(order: Order): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', (message) => {
      if (Order.safeParse(message).data === order) resolve()
    })
  })
}
