/** What is done in a history: by customers, by operators, by schedules. Drawn as data. */
import { makeStream, type Stream } from './engine/random.ts'
import { leaseMsOf, type Setting, usualHold } from './setting.ts'

/** A chat request, with all that its client does about it. */
export type RequestBody = {
  readonly kind: 'request'
  readonly customer: number
  readonly key: number
  readonly gateway: number
  /** Characters of its one message. */
  readonly promptLength: number
  /** Null: the client leaves the window to us. */
  readonly maxTokens: number | null
  /** Of the requests that share one, only one may have an effect. */
  readonly idempotencyKey: string | null
  /** Requests with another one have another body. */
  readonly variant: number
  /** How often the client asks again where it got no answer, or one to retry. */
  readonly retries: number
}

export type OperationBody =
  | RequestBody
  | {
      readonly kind: 'credit'
      readonly customer: number
      readonly credit: 'top_up' | 'grant'
      readonly amount: bigint
      readonly reference: string
    }
  | {
      readonly kind: 'refund'
      /** Of the request with this number, if it was charged by then. */
      readonly request: number
      readonly percent: number
      readonly bearer: 'platform' | 'host'
      readonly reference: string
    }
  | {
      readonly kind: 'adjust'
      readonly customer: number
      readonly amount: bigint
      readonly reference: string
      /** By another operator, for an amount that needs one. */
      readonly isApproved: boolean
    }
  | { readonly kind: 'sweep'; readonly sweeper: number }
  /** Eagerly: closed up to this moment, instead of well behind the leases as the schedule does. */
  | { readonly kind: 'accrue'; readonly isEager: boolean }
  | { readonly kind: 'status'; readonly customer: number; readonly status: 'active' | 'suspended' }
  | { readonly kind: 'revoke'; readonly customer: number; readonly key: number }
  | { readonly kind: 'reprice'; readonly percent: number }
  | { readonly kind: 'payout' }
  | { readonly kind: 'reconcile' }
  | {
      readonly kind: 'confirm'
      readonly node: number
      readonly state: 'paid' | 'returned'
    }
  /** Nodes claim for every ticket that they hold. */
  | { readonly kind: 'late_claim' }

export type Operation = OperationBody & {
  /** Names the operation's stream of chances. */
  readonly id: string
  /** After the start. */
  readonly atMs: number
}

/** How other operations name a request. */
export const requestId = (number: number): string => `request${number}`

export function operationsOf(seed: number, setting: Setting): readonly Operation[] {
  const draws = makeStream(seed, 'operations')
  const operations: Operation[] = []
  const when = drawTimes(draws, setting.activeMs)
  const add = (id: string, atMs: number, body: OperationBody) =>
    operations.push({ ...body, id, atMs })
  const many = (name: string, count: number, draw: (index: number) => OperationBody) => {
    for (let index = 1; index <= count; index += 1) add(`${name}${index}`, when(), draw(index))
  }
  const customer = () => hotFirst(draws, setting.customers.length)

  for (const at of setting.customers.keys()) add(`start${at + 1}`, 0, startOf(at, draws))
  many('credit', draws.between(0, 3), () => creditOf(customer(), draws))
  const requests = draws.between(2, 8)
  many('request', requests, () => requestOf(customer(), setting, draws))
  const sweeps = draws.between(1, 4)
  for (let index = 1; index <= sweeps; index += 1) {
    const anyMs = when()
    const atMs = sweepTime(operations, setting, draws) ?? anyMs
    add(`sweep${index}`, atMs, { kind: 'sweep', sweeper: draws.below(2) })
  }
  many('adjust', draws.below(2), () => adjustmentOf(customer(), draws))
  many('accrue', draws.below(3), () => ({ kind: 'accrue', isEager: draws.chance(0.6) }))
  many('status', draws.chance(0.2) ? 2 : 0, (index) => ({
    kind: 'status',
    customer: customer(),
    status: index === 1 ? 'suspended' : 'active',
  }))
  many('revoke', draws.chance(0.15) ? 1 : 0, () => ({
    kind: 'revoke',
    customer: customer(),
    key: draws.below(2),
  }))
  many('reprice', draws.below(2), () => ({ kind: 'reprice', percent: draws.between(50, 200) }))
  many('reconcile', draws.chance(0.1) ? draws.between(1, 3) : 0, () => ({ kind: 'reconcile' }))
  many('payout', draws.below(3), () => ({ kind: 'payout' }))
  many('confirm', draws.below(3), () => ({
    kind: 'confirm',
    node: draws.below(setting.nodes),
    state: draws.chance(0.7) ? 'paid' : 'returned',
  }))
  // Hosts claim what they were not paid for once its lease has ended; refunds come at any time.
  const afterMs = setting.activeMs + leaseMsOf(setting)
  const late = () => afterMs + draws.below(afterwardsMs)
  const claims = draws.below(3)
  for (let index = 1; index <= claims; index += 1) {
    add(`claim${index}`, late(), { kind: 'late_claim' })
  }
  const refunds = draws.below(4)
  if (refunds > 0 && draws.chance(0.5))
    add('accrueLate', afterMs, { kind: 'accrue', isEager: true })
  for (let index = 1; index <= refunds; index += 1) {
    const isLate = draws.chance(0.6)
    const atMs = isLate ? late() : when()
    add(`refund${index}`, atMs, refundOf(draws.between(1, requests), draws))
  }
  return operations
}

const afterwardsMs = 900_000

/** Some histories are one burst: everything begins within two seconds. */
function drawTimes(draws: Stream, activeMs: number): () => number {
  const isBurst = draws.chance(0.25)
  const fromMs = draws.below(activeMs)
  return () => (isBurst ? fromMs + draws.below(2_000) : draws.below(activeMs))
}

/**
 * Half of the sweeps set out so that they come by while some request takes its hold or ends it; they
 * read a store some dozens of times on their way.
 */
function sweepTime(
  operations: readonly Operation[],
  { latencyScaleMs }: Setting,
  draws: Stream,
): number | undefined {
  const requests = operations.filter(({ kind }) => kind === 'request')
  const request = requests[draws.below(requests.length)]
  const earlierMs = draws.below(60 * latencyScaleMs)
  return draws.chance(0.5) && request ? Math.max(0, request.atMs - earlierMs) : undefined
}

/** The first has half of the load, the second half of the rest. */
function hotFirst(draws: Stream, count: number): number {
  const share = draws.unit()
  for (let at = 0; at < count - 1; at += 1) if (share < 1 - 0.5 ** (at + 1)) return at
  return count - 1
}

function startOf(customer: number, draws: Stream): OperationBody {
  return { ...creditOf(customer, draws), reference: `first credit of ${customer}` }
}

function creditOf(customer: number, draws: Stream) {
  return {
    kind: 'credit',
    customer,
    credit: draws.chance(0.75) ? 'top_up' : 'grant',
    amount: (usualHold * BigInt(draws.between(1, 24))) / 4n,
    // A webhook and its repetition carry the same reference, and so may one of another amount.
    reference: `credit ${draws.below(3)}`,
  } as const
}

function requestOf(customer: number, setting: Setting, draws: Stream): RequestBody {
  const keys = setting.customers[customer]?.keys.length ?? 1
  const isKeyed = draws.chance(0.4)
  const idempotencyKey = `key ${draws.below(2)}`
  return {
    kind: 'request',
    customer,
    key: draws.below(keys),
    gateway: draws.below(setting.gateways),
    promptLength: draws.between(1, 200),
    maxTokens: draws.pick([16, 80, 200, 400, null]),
    idempotencyKey: isKeyed ? idempotencyKey : null,
    variant: draws.chance(0.15) ? 1 : 0,
    retries: draws.below(3),
  }
}

function refundOf(request: number, draws: Stream): OperationBody {
  return {
    kind: 'refund',
    request,
    percent: draws.pick([30, 60, 100, 101]),
    bearer: draws.pick(['platform', 'host']),
    reference: `refund ${draws.below(3)}`,
  }
}

function adjustmentOf(customer: number, draws: Stream): OperationBody {
  const needsApproval = draws.chance(0.2)
  const amount = needsApproval ? 150_000_000_000n : usualHold * BigInt(draws.between(1, 6))
  return {
    kind: 'adjust',
    customer,
    amount: draws.chance(0.5) ? -amount : amount,
    reference: `ticket ${draws.below(2)}`,
    isApproved: draws.chance(0.7),
  }
}
