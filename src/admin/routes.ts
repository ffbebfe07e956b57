/**
 * How a route of the surface runs: operator and role first, then the id in its path, then its query
 * or body, then its use case. Whatever changes something runs on record: `record-change.ts`.
 */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { checkValue, readJson } from '../http/read-json.ts'
import { resultResponse } from '../http/respond.ts'
import type { SurfaceEnv } from '../http/surface.ts'
import { RolloutId } from '../jobs/job-record.ts'
import type { OperatorKey } from '../keys/api-key.ts'
import { AccountId, AuditId, IncidentId, KeyId, NodeId } from '../protocol/ids.ts'
import { JobId } from '../protocol/job.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type ChangingRoute, changes, type ViewSubject } from './changes.ts'
import { type IdentifyDeps, identifyOperator } from './identify-operator.ts'
import { AdjustmentReference } from './posting-terms.ts'
import { type Answered, type RecordDeps, recordChange, toResponse } from './record-change.ts'
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
  { prefix: '/admin/audit/:id', shape: AuditId, unknown: 'audit_record_not_found' },
  { prefix: '/admin/incidents/:id', shape: IncidentId, unknown: 'incident_not_found' },
  { prefix: '/admin/jobs/:id', shape: JobId, unknown: 'job_not_found' },
  { prefix: '/admin/keys/:id', shape: KeyId, unknown: 'key_not_found' },
  { prefix: '/admin/nodes/:id', shape: NodeId, unknown: 'node_not_found' },
  { prefix: '/admin/operator-keys/:id', shape: KeyId, unknown: 'key_not_found' },
  { prefix: '/admin/rollouts/:id', shape: RolloutId, unknown: 'rollout_not_found' },
  { prefix: '/admin/payouts/:id', shape: NodeId, unknown: 'payout_not_found' },
] as const

const Period = z.iso.date()

export type RouteDeps = IdentifyDeps & RecordDeps & { readonly view: ViewSubject }

type Asked = { readonly c: AdminContext; readonly call: Call; readonly operator: OperatorKey }
type LookingRoute = Exclude<AdminRoute, ChangingRoute>

export function makeRoutes(app: Hono<SurfaceEnv>, deps: RouteDeps) {
  const on = (route: AdminRoute, answer: (asked: Asked) => Promise<Answered>) => {
    const [method = '', path = ''] = route.split(' ')
    app.on(method, path, async (c) => {
      const requestId = c.get('requestId')
      const operator = await identifyOperator(deps, c.req.header('authorization'), route)
      if (!operator.ok) return resultResponse(operator, requestId)
      const call = callOf(path, c, operator.value.keyId)
      if (!call.ok) return resultResponse(call, requestId)
      const answered = await answer({ c, call: call.value, operator: operator.value })
      return toResponse(answered, requestId)
    })
  }
  const look = (route: LookingRoute, answer: (asked: Asked) => Answer) =>
    on(route, async (asked) => ({ result: await answer(asked), isReplayed: false }))
  const change = async (
    route: ChangingRoute,
    { c, call, operator }: Asked,
    made: { readonly body: unknown; readonly use: () => Answer },
  ): Promise<Answered> => {
    const requestId = c.get('requestId')
    const answered = await recordChange(deps, {
      ...changes[route],
      ...made,
      route,
      path: c.req.path,
      idInPath: call.period === '' ? call.id : `${call.id}/${call.period}`,
      by: operator,
      requestId,
      idempotencyKey: c.req.header('idempotency-key'),
      view: deps.view,
    })
    const outcome = answered.result.ok ? 'done' : answered.result.error.code
    deps.log('operator_change', { requestId, route, path: c.req.path, by: call.by, outcome })
    return answered
  }

  return {
    show: <Q>(
      route: LookingRoute,
      schema: z.ZodType<Q>,
      use: (query: Q, call: Call) => Answer,
    ): void =>
      look(route, async ({ c, call }) => {
        const query = checkValue(c.req.query(), schema)
        return query.ok ? use(query.value, call) : query
      }),
    /** Takes a body and changes nothing. */
    ask: <B>(
      route: LookingRoute,
      schema: z.ZodType<B>,
      { bodyBytesMax, use }: { readonly bodyBytesMax: number; readonly use: (body: B) => Answer },
    ): void =>
      look(route, async ({ c }) => {
        const body = await readJson(c.req.raw, schema, bodyBytesMax)
        return body.ok ? use(body.value) : body
      }),
    take: <B>(
      route: ChangingRoute,
      schema: z.ZodType<B>,
      use: (body: B, call: Call) => Answer,
    ): void =>
      on(route, async (asked) => {
        const body = await readJson(asked.c.req.raw, schema, bodyBytes)
        if (!body.ok) return { result: body, isReplayed: false }
        const made = { body: body.value, use: () => use(body.value, asked.call) }
        return change(route, asked, made)
      }),
    /** Takes nothing but its path. */
    act: (route: ChangingRoute, use: (call: Call) => Answer): void =>
      on(route, (asked) => change(route, asked, { body: null, use: () => use(asked.call) })),
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
