/** The hosts' surface, its replies held against its table of endpoints. */
import type { Hono } from 'hono'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import { ingestEndpoints } from '../../src/ingest/api/endpoints.ts'
import { everyIngestError, everyIngestReply, IngestErrorReply } from '../../src/ingest/api/row.ts'
import { checkingReplies } from './checked-responses.ts'

export const checkedIngest = (app: Hono<SurfaceEnv>): Hono<SurfaceEnv> =>
  checkingReplies(app, {
    endpoints: ingestEndpoints,
    errorReply: IngestErrorReply,
    everyReply: everyIngestReply,
    everyError: everyIngestError,
  })
