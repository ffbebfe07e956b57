/**
 * Makes the first operator key, behind a function URL of its own: there is no key yet to check, so
 * AWS itself admits none but callers of the account.
 */
import middy from '@middy/core'
import { handle } from 'hono/aws-lambda'
import { makeBootstrapApp } from '../../src/admin/bootstrap.ts'
import { composeBootstrap } from '../compose/admin.ts'
import { logContext } from '../compose/parts.ts'

const app = makeBootstrapApp(await composeBootstrap(process.env))

export const handler = middy(handle(app)).use(logContext)
