/**
 * How a route of the surface runs: operator and role first, then the id in its path, then its query
 * or body, then its use case. Whatever changes something leaves a line that names who did it.
 */
import type { Context, Hono } from 'hono'
import type * as z from 'zod'
import { checkValue, readJson } from '../http/read-json.ts'
import { resultResponse } from '../http/respond.ts'
import type { Log, SurfaceEnv } from '../http/surface.ts'
import { AccountId, KeyId, NodeId } from '../protocol/ids.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type IdentifyDeps, identifyOperator } from './identify-operator.ts'
import type { AdminRoute } from './roles.ts'

/** A catalogue model with all its builds and prices is the largest document. */
const bodyBytes = 64 * 1024

type Answer = Promise<Result<object>>
type AdminContext = Context<SurfaceEnv>

/** What `:id` may be, by the collection it stands in; anything else is in no store either. */
const subjects = [
  { prefix: '/admin/accounts/:id', shape: AccountId, unknown: 'account_not_found' },
  { prefix: '/admin/keys/:id', shape: KeyId, unknown: 'key_not_found' },
  { prefix: '/admin/nodes/:id', shape: NodeId, unknown: 'node_not_found' },
] as const

export function makeRoutes(app: Hono<SurfaceEnv>, deps: IdentifyDeps & { readonly log: Log }) {
  const on = (route: AdminRoute, answer: (c: AdminContext, id: string) => Answer) => {
    const [method = '', path = ''] = route.split(' ')
    app.on(method, path, async (c) => {
      const requestId = c.get('requestId')
      const operator = await identifyOperator(deps, c.req.header('authorization'), route)
      if (!operator.ok) return resultResponse(operator, requestId)
      const id = subjectIn(path, c)
      const result = id.ok ? await answer(c, id.value) : id
      if (method !== 'GET') {
        const outcome = result.ok ? 'done' : result.error.code
        const by = operator.value.keyId
        deps.log('operator_change', { requestId, route, path: c.req.path, by, outcome })
      }
      return resultResponse(result, requestId)
    })
  }

  return {
    show: <Q>(
      route: AdminRoute,
      schema: z.ZodType<Q>,
      use: (query: Q, id: string) => Answer,
    ): void =>
      on(route, async (c, id) => {
        const query = checkValue(c.req.query(), schema)
        return query.ok ? use(query.value, id) : query
      }),
    take: <B>(
      route: AdminRoute,
      schema: z.ZodType<B>,
      use: (body: B, id: string) => Answer,
    ): void =>
      on(route, async (c, id) => {
        const body = await readJson(c.req.raw, schema, bodyBytes)
        return body.ok ? use(body.value, id) : body
      }),
    /** Takes nothing but the id in its path. */
    act: (route: AdminRoute, use: (id: string) => Answer): void => on(route, (_, id) => use(id)),
  }
}

/** Empty on routes without `:id`. */
function subjectIn(path: string, c: AdminContext): Result<string> {
  const subject = subjects.find(({ prefix }) => path.startsWith(prefix))
  if (!subject) return ok('')
  const id = subject.shape.safeParse(c.req.param('id'))
  return id.success ? ok(id.data) : refuse(subject.unknown)
}
