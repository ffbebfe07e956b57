/** The customers' surface, its replies held against its table of endpoints. */
import type { Hono } from 'hono'
import { gatewayEndpoints } from '../../src/gateway/api/endpoints.ts'
import { ErrorReply } from '../../src/gateway/api/error-reply.ts'
import { everyError, everyReply } from '../../src/gateway/reply-header-names.ts'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import { checkingReplies } from './checked-responses.ts'

export const checkedGateway = (app: Hono<SurfaceEnv>): Hono<SurfaceEnv> =>
  checkingReplies(app, {
    endpoints: gatewayEndpoints,
    errorReply: ErrorReply,
    everyReply,
    everyError,
  })
