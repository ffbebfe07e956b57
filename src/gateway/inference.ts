/**
 * What every paid endpoint does around its own request: admit, read, find out whether it was sent before,
 * find the pool. What comes out is an order that runs; what an endpoint is stands in its own file.
 */
import { modalityOfModel } from '../catalogue/model.ts'
import type { PoolShard } from '../fleet/pool.ts'
import { errorResponse } from '../http/respond.ts'
import { faultOf } from '../http/surface.ts'
import type { CustomerKey } from '../keys/api-key.ts'
import { InvariantError } from '../protocol/assert.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import { modalityOf } from '../protocol/host-path.ts'
import type { Modality } from '../protocol/modality.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { admit, allowsModel } from './admit.ts'
import type { AnswerForm } from './answer-form.ts'
import { askedDeadlineMs } from './asked-deadline.ts'
import type { CompleteOrder } from './complete.ts'
import { countRefused } from './count-request.ts'
import type { GatewayDeps } from './deps.ts'
import { withoutPaused } from './paused.ts'
import { lockPrices, quoteOf } from './quoted.ts'
import { repetitionOf } from './repetition.ts'
import { type Ordered, respond } from './respond.ts'
import { checkSmokeKey, isSmokeUse } from './smoke.ts'
import type { Work } from './work.ts'

/** What it takes to read a request and to say what work it is: neither a store nor a host. */
export type OpenDeps = Pick<GatewayDeps, 'random'>

/** A paid endpoint: how its request is read, and what work and which form of answer that asks for. */
export type Endpoint<Asked> = {
  readonly read: (http: Request) => Promise<Result<ReadRequest<Asked>>>
  readonly work: (deps: OpenDeps, asked: Asked, key: CustomerKey) => Promise<Result<Work>>
  readonly form: (asked: Asked) => AnswerForm
}

export type ReadRequest<Asked> = {
  readonly asked: Asked
  /** As they came: their hash is what an idempotency key stands for, and what a receipt commits to. */
  readonly bytes: Uint8Array
}

/** A paid endpoint to whoever runs it: what was asked is the endpoint's own business. */
export type PaidEndpoint = {
  /** Ours, as the client called it. */
  readonly path: `/v1/${string}`
  readonly read: (http: Request) => Promise<Result<OpenableRequest>>
  /** Reads it and opens it. */
  readonly open: (deps: OpenDeps, http: Request, key: CustomerKey) => Promise<Result<OpenedRequest>>
}

/** A request that was read, by whomever it may be. */
export type OpenableRequest = {
  readonly model: string
  readonly open: (deps: OpenDeps, key: CustomerKey) => Promise<Result<OpenedRequest>>
}

export type OpenedRequest = {
  readonly work: Work
  readonly form: AnswerForm
  readonly bytes: Uint8Array
}

/** `load` is called for every request: the runtime keeps what it has loaded, and tries again what failed. */
export function seal<Asked extends { readonly model: string }>(
  path: PaidEndpoint['path'],
  load: () => Endpoint<Asked> | Promise<Endpoint<Asked>>,
): PaidEndpoint {
  const readOne: PaidEndpoint['read'] = async (http) => {
    const { read, work, form } = await load()
    const request = await read(http)
    if (!request.ok) return request
    const { asked, bytes } = request.value
    const open: OpenableRequest['open'] = async (deps, key) => {
      const opened = await work(deps, asked, key)
      return opened.ok ? ok({ work: opened.value, form: form(asked), bytes }) : opened
    }
    return ok({ model: asked.model, open })
  }
  const open: PaidEndpoint['open'] = async (deps, http, key) => {
    const request = await readOne(http)
    return request.ok ? request.value.open(deps, key) : request
  }
  return { path, read: readOne, open }
}

/** The request's id is the id of the hold that it takes: one name in log, ledger and receipt. */
export async function serveInference(
  deps: GatewayDeps,
  http: Request,
  called: { readonly requestId: string; readonly endpoint: PaidEndpoint },
): Promise<Response> {
  const opened = await openOrder(deps, http, called).catch((fault: unknown) => {
    countRefused(deps, called.requestId, { code: 'internal_error' })
    throw fault
  })
  if (opened.ok) return respond(deps, opened.value)
  countRefused(deps, called.requestId, opened.error)
  return errorResponse(opened.error, called.requestId)
}

async function openOrder(
  deps: GatewayDeps,
  http: Request,
  { requestId, endpoint }: Parameters<typeof serveInference>[2],
): Promise<Result<Ordered>> {
  const startedAtMs = deps.timeOfId(requestId)
  const read = readOrRefuse(deps, requestId)
  const early = readEarly(deps, http, endpoint)
  // Beside the key, so that no round trip is added: what is paused is asked again of the cache below.
  const [key, incidents] = await Promise.all([
    read(() => admit(deps, http.headers, 'inference')),
    deps.readIncidents().catch(() => []),
  ])
  if (!key.ok) return key
  noteSmoke(deps, key.value, requestId)
  const request = await (early ?? endpoint.read(http))
  if (!request.ok) return request
  const opened = await request.value.open(deps, key.value)
  if (!opened.ok) return opened
  const { work, form, bytes } = opened.value
  const deadlineMs = askedDeadlineMs(http.headers, deps.deadlineMs)
  if (!deadlineMs.ok) return deadlineMs
  const { path } = endpoint
  const quote = quoteOf(http.headers, { ...deps, key: key.value, path, model: work.model })
  if (!quote.ok) return quote
  const bodySha256 = sha256Hex(bytes)
  const sent = { path, bodySha256, holdId: requestId, startedAtMs, quote: quote.value }
  const repetition = await read(() => repetitionOf(deps, http.headers, key.value, sent))
  if (!repetition.ok) return repetition
  const suits = (one: PoolShard) => work.suits(withoutPaused(one, incidents, deps.nowMs()))
  const shard = await read(() => shardFor(deps, { ...work, suits }, key.value))
  if (!shard.ok) return shard
  const standing = await read(() => checkSmokeKey(deps, key.value))
  if (!standing.ok) return standing
  const gone = new AbortController()
  const order: CompleteOrder = {
    holdId: requestId,
    work,
    bodySha256,
    ...repetition.value,
    deadlineMs: deadlineMs.value,
    key: key.value,
    shard: quote.value ? lockPrices(shard.value, quote.value) : shard.value,
    quote: quote.value,
    startedAtMs,
    clientGone: AbortSignal.any([http.signal, gone.signal]),
  }
  return ok({ order, form, onClientGone: (why) => gone.abort(why) })
}

/** Whoever has no key has us parse no more than this. */
const earlyBodyBytesMax = 65_536

/**
 * Reads the request while its key is read, so that its model's pool is on the way by then: with cold caches a
 * round trip less. Undefined where it is read once the key is known.
 */
function readEarly(
  { shards }: Pick<GatewayDeps, 'shards'>,
  http: Request,
  endpoint: PaidEndpoint,
): ReturnType<PaidEndpoint['read']> | undefined {
  const declared = http.headers.get('content-length')
  const isSmall = declared !== null && Number(declared) <= earlyBodyBytesMax
  if (!isSmall || !http.headers.has('authorization')) return undefined
  const request = endpoint.read(http)
  const begin = async () => {
    const read = await request
    if (read.ok) shards.begin?.(read.value.model)
  }
  // A fault is met again by whoever waits for the request.
  void begin().catch(() => undefined)
  return request
}

/** The audit of smoke keys: who spent of whom. The receipt names the key as well. */
function noteSmoke({ log }: GatewayDeps, key: CustomerKey, requestId: string): void {
  if (!isSmokeUse(key)) return
  log('smoke_request', { requestId, keyId: key.keyId, accountId: key.accountId })
}

/** Whoever cannot be read cannot be admitted: a store that is down refuses as the ledger does. */
export function readOrRefuse(deps: GatewayDeps, requestId: string) {
  return async <T>(read: () => Promise<Result<T>>): Promise<Result<T>> => {
    try {
      return await read()
    } catch (error) {
      if (error instanceof InvariantError) throw error
      deps.log('store_unreachable', { requestId, ...faultOf(error) })
      return refuse('ledger_unavailable', { retryAfterSec: 5 })
    }
  }
}

export async function shardFor(
  deps: Pick<GatewayDeps, 'shards'>,
  { model, path, affinity, suits }: Work,
  key: CustomerKey,
): Promise<Result<PoolShard>> {
  const shard = await deps.shards(model, { affinity, suits })
  if (!shard) {
    return refuse('model_not_found', {
      param: 'model',
      message: `The model "${model}" is not on sale. GET /v1/models lists those that are.`,
    })
  }
  if (!allowsModel(key, model)) return refuse('model_not_allowed', { param: 'model' })
  const modality = modalityOfModel(shard.model)
  if (modality === modalityOf[path]) return ok(shard)
  const message = `The model "${model}" is not for this endpoint: ask it at ${endpointsOf[modality]}.`
  return refuse('invalid_value', { param: 'model', message })
}

const endpointsOf: Readonly<Record<Modality, string>> = {
  text: '/v1/chat/completions',
  embedding: '/v1/embeddings',
  moderation: '/v1/moderations',
  image: '/v1/images/generations',
  transcription: '/v1/audio/transcriptions',
}
