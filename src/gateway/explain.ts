/**
 * Why a request is or is not served, and by whom: the dry run of it. Its rules are those of the request
 * itself, run over a ledger that only looks and with no host to ask; nothing is held, sent or stored.
 */
import type { PricedModel } from '../catalogue/model.ts'
import type { PoolShard } from '../fleet/pool.ts'
import type { CatalogueStore } from '../fleet/ports.ts'
import { type CustomerKey, isUsable, type KeyStore } from '../keys/api-key.ts'
import { makeDryReserve } from '../ledger/dry-reserve.ts'
import type { SweepStore } from '../ledger/ports.ts'
import { formatUsd } from '../money/nano-usd.ts'
import type { Ids, Sleep } from '../protocol/clock.ts'
import { type ApiError, errorTable } from '../protocol/errors.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type ExplainHostsDeps, explainHosts, type Market } from './explain-hosts.ts'
import { type OpenDeps, shardFor } from './inference.ts'
import { paidEndpoints } from './paid-endpoints.ts'
import { planUnpaused } from './paused.ts'
import type { Plan } from './plan.ts'
import type { ReadShard } from './read-shard.ts'
import { takeHold } from './take-hold.ts'
import type { Work } from './work.ts'

export type ExplainDeps = OpenDeps &
  ExplainHostsDeps & {
    readonly keys: Pick<KeyStore, 'readById'>
    readonly wallets: Pick<SweepStore, 'readWallet'>
    readonly catalogue: Pick<CatalogueStore, 'listModels'>
    readonly shards: ReadShard
    readonly ids: Pick<Ids, 'ulid'>
    readonly leaseMs: number
    readonly sleep: Sleep
  }

export type AskedRoute = {
  readonly keyId: string
  /** A path of ours: `/v1/chat/completions`. */
  readonly endpoint: string
  readonly body: unknown
  readonly limit: number
  readonly after: string | undefined
}

export async function explainRoute(deps: ExplainDeps, asked: AskedRoute): Promise<Result<object>> {
  const endpoint = paidEndpoints.find(({ path }) => path === asked.endpoint)
  if (!endpoint) {
    const message = `endpoint must be one of ${paidEndpoints.map(({ path }) => path).join(', ')}.`
    return refuse('invalid_value', { param: 'endpoint', message })
  }
  const key = await deps.keys.readById(asked.keyId)
  if (!key) return refuse('key_not_found', { param: 'key_id' })
  const refusals: ApiError[] = refusalsOfKey(key, deps.nowMs())
  const opened = await endpoint.open(deps, requestOf(asked), key)
  if (!opened.ok) return ok(answer(asked, key, { refusals: [...refusals, opened.error] }))
  const { work } = opened.value
  const shard = await shardFor(deps, work, key)
  const market = await marketOf(deps, work, shard)
  const planned = shard.ok ? await planUnpaused(deps, { work, shard: shard.value, key }) : shard
  if (!planned.ok) refusals.push(planned.error)
  const held = planned.ok ? await dryHold(deps, key, planned.value) : planned
  if (planned.ok && !held.ok) refusals.push(held.error)
  const plan = held.ok ? held.value : planned.ok ? planned.value : undefined
  const hosts = market && (await explainHosts(deps, { work, key, market, plan }, asked))
  if (market && !hosts) return refuse('invalid_value', unknownCursor)
  return ok(answer(asked, key, { refusals, work, plan, market, hosts }))
}

const unknownCursor = { param: 'after', message: 'No node has the id that after names.' }

/** In the order in which the request would meet them; a secret is not to be had here. */
function refusalsOfKey(key: CustomerKey, nowMs: number): ApiError[] {
  const refusals: ApiError[] = []
  if (!isUsable(key, nowMs)) refusals.push({ code: 'invalid_api_key' })
  if (!key.scopes.includes('inference')) {
    refusals.push({ code: 'missing_scope', detail: { scope: 'inference' } })
  }
  return refusals
}

/** The path names an endpoint and no address: nothing is sent there. */
const requestOf = ({ endpoint, body }: AskedRoute): Request =>
  new Request(`https://dry-run.invalid${endpoint}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/** What the catalogue sells under the name, whether the key may buy it or not. */
async function marketOf(
  { catalogue }: ExplainDeps,
  { model: name }: Work,
  shard: Result<PoolShard>,
): Promise<Market | undefined> {
  const models = await catalogue.listModels()
  const model: PricedModel | undefined = shard.ok
    ? shard.value.model
    : models.find(({ id }) => id === name)
  return model && { models, model, shard: shard.ok ? shard.value : undefined }
}

/** The plan as it would be held, or the refusal of the hold. */
async function dryHold(deps: ExplainDeps, key: CustomerKey, plan: Plan): Promise<Result<Plan>> {
  const nowMs = deps.nowMs()
  const held = await takeHold(
    {
      ...deps,
      store: makeDryReserve(deps.wallets),
      repair: async () => false,
      newNonce: () => '',
    },
    {
      key,
      holdId: deps.ids.ulid(nowMs),
      plan,
      priceVersion: 0,
      startedAtMs: nowMs,
      claim: undefined,
      retryTag: undefined,
    },
  )
  return held.ok ? ok(held.value.plan) : held
}

type Found = {
  readonly refusals: readonly ApiError[]
  readonly work?: Work
  readonly plan?: Plan | undefined
  readonly market?: Market | undefined
  readonly hosts?: object | undefined
}

function answer(
  { endpoint, keyId }: AskedRoute,
  { accountId }: CustomerKey,
  { refusals, work, plan, market, hosts }: Found,
) {
  return {
    object: 'route_explanation',
    endpoint,
    key_id: keyId,
    account_id: accountId,
    model: work?.model ?? null,
    would_be_dispatched: refusals.length === 0,
    refusals: refusals.map(toWireRefusal),
    plan: plan
      ? {
          hold_usd: formatUsd(plan.holdAmount),
          prompt_tokens_max: plan.promptTokensMax,
          window_tokens: plan.windowTokens,
          choices: plan.choices,
          price_version: market?.model.version ?? null,
        }
      : null,
    hosts: hosts ?? { object: 'list', data: [], has_more: false, next: null },
  }
}

const toWireRefusal = ({ code, message, param, detail }: ApiError) => ({
  ...detail,
  code,
  message: message ?? errorTable[code].message,
  param: param ?? null,
})
