/** The surface that hosts call, behind its function URL. Composed once per environment. */
import middy from '@middy/core'
import { handle } from 'hono/aws-lambda'
import { makeIngestApp } from '../../src/ingest/app.ts'
import { composeIngest } from '../compose/ingest.ts'
import { logContext } from '../compose/parts.ts'

const app = makeIngestApp(await composeIngest(process.env))

export const handler = middy(handle(app)).use(logContext)
