/** The surface that operators call, behind its function URL. Composed once per environment. */
import middy from '@middy/core'
import { handle } from 'hono/aws-lambda'
import { makeAdminApp } from '../../src/admin/app.ts'
import { composeAdmin } from '../compose/admin.ts'
import { logContext } from '../compose/parts.ts'

const app = makeAdminApp(await composeAdmin(process.env))

export const handler = middy(handle(app)).use(logContext)
