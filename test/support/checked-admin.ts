/** The operators' surfaces, their replies held against their tables of endpoints. */
import type { Hono } from 'hono'
import { adminEndpoints, bootstrapEndpoints } from '../../src/admin/api/endpoints.ts'
import { AdminErrorReply, everyAdminError, everyAdminReply } from '../../src/admin/api/row.ts'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import { checkingReplies } from './checked-responses.ts'

const replies = {
  errorReply: AdminErrorReply,
  everyReply: everyAdminReply,
  everyError: [...everyAdminError, 'idempotent-replayed'],
}

export const checkedAdmin = (app: Hono<SurfaceEnv>): Hono<SurfaceEnv> =>
  checkingReplies(app, { endpoints: adminEndpoints, ...replies })

export const checkedBootstrap = (app: Hono<SurfaceEnv>): Hono<SurfaceEnv> =>
  checkingReplies(app, { endpoints: bootstrapEndpoints, ...replies })
