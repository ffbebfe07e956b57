/**
 * How a route of the surface runs: operator and role first, then the id in its path, then its query
 * or body, then its use case. Whatever changes something leaves a line that names who did it.
 */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { checkValue, readJson } from '../http/read-json.ts'
import { resultResponse } from '../http/respond.ts'
import type { Log, SurfaceEnv } from '../http/surface.ts'
import { RolloutId } from '../jobs/job-record.ts'
import { AccountId, KeyId, NodeId } from '../protocol/ids.ts'
import { JobId } from '../protocol/job.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type IdentifyDeps, identifyOperator } from './identify-operator.ts'
import { AdjustmentReference } from './posting-terms.ts'
import type { AdminRoute } from './roles.ts'

/** A catalogue model with all its builds and prices is the largest document. */
const bodyBytes = 64 * 1024

type Answer = Promise<Result<object>>
type AdminContext = Context<SurfaceEnv>

/** What a call is about, by its path, and who makes it. */
export type Call = {
  /** `:id` of the path; empty on routes without. */
  readonly id: string
  /** `:period` of the path; empty on routes without. */
  readonly period: string
  /** The operator's key id. */
  readonly by: string
}

/** What `:id` may be, by the collection it stands in; anything else is in no store either. */
const subjects = [
  { prefix: '/admin/accounts/:id', shape: AccountId, unknown: 'account_not_found' },
  { prefix: '/admin/adjustments/:id', shape: AdjustmentReference, unknown: 'adjustment_not_found' },
  { prefix: '/admin/jobs/:id', shape: JobId, unknown: 'job_not_found' },
  { prefix: '/admin/keys/:id', shape: KeyId, unknown: 'key_not_found' },
  { prefix: '/admin/nodes/:id', shape: NodeId, unknown: 'node_not_found' },
  { prefix: '/admin/operator-keys/:id', shape: KeyId, unknown: 'key_not_found' },
  { prefix: '/admin/rollouts/:id', shape: RolloutId, unknown: 'rollout_not_found' },
  { prefix: '/admin/payouts/:id', shape: NodeId, unknown: 'payout_not_found' },
] as const

const Period = z.iso.date()

export function makeRoutes(app: Hono<SurfaceEnv>, deps: IdentifyDeps & { readonly log: Log }) {
  const on = (route: AdminRoute, answer: (c: AdminContext, call: Call) => Answer) => {
    const [method = '', path = ''] = route.split(' ')
    app.on(method, path, async (c) => {
      const requestId = c.get('requestId')
      const operator = await identifyOperator(deps, c.req.header('authorization'), route)
      if (!operator.ok) return resultResponse(operator, requestId)
      const by = operator.value.keyId
      const call = callOf(path, c, by)
      const result = call.ok ? await answer(c, call.value) : call
      if (method !== 'GET') {
        const outcome = result.ok ? 'done' : result.error.code
        deps.log('operator_change', { requestId, route, path: c.req.path, by, outcome })
      }
      return resultResponse(result, requestId)
    })
  }

  return {
    show: <Q>(
      route: AdminRoute,
      schema: z.ZodType<Q>,
      use: (query: Q, call: Call) => Answer,
    ): void =>
      on(route, async (c, call) => {
        const query = checkValue(c.req.query(), schema)
        return query.ok ? use(query.value, call) : query
      }),
    take: <B>(
      route: AdminRoute,
      schema: z.ZodType<B>,
      use: (body: B, call: Call) => Answer,
    ): void =>
      on(route, async (c, call) => {
        const body = await readJson(c.req.raw, schema, bodyBytes)
        return body.ok ? use(body.value, call) : body
      }),
    /** Takes nothing but its path. */
    act: (route: AdminRoute, use: (call: Call) => Answer): void =>
      on(route, (_, call) => use(call)),
  }
}

function callOf(path: string, c: AdminContext, by: string): Result<Call> {
  const subject = subjects.find(({ prefix }) => path.startsWith(prefix))
  if (!subject) return ok({ id: '', period: '', by })
  const id = subject.shape.safeParse(c.req.param('id'))
  if (!id.success) return refuse(subject.unknown)
  if (!path.includes('/:period')) return ok({ id: id.data, period: '', by })
  const period = Period.safeParse(c.req.param('period'))
  return period.success ? ok({ id: id.data, period: period.data, by }) : refuse(subject.unknown)
}
