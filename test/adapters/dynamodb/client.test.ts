import { createServer } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { AwsError, lostNames } from '../../../src/adapters/aws/aws-error.ts'
import { isUnknownOutcome } from '../../../src/adapters/dynamodb/client/errors.ts'
import { makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { localTableNames } from '../../../src/adapters/dynamodb/create-tables.ts'
import { enforceRights } from '../../../src/adapters/dynamodb/enforce-rights.ts'
import { InvariantError } from '../../../src/protocol/assert.ts'
import { cancelled } from './cancelled.ts'

const tables = localTableNames('client')
const read = { TableName: tables.balances, Key: { pk: 'a', sk: 'b' } }
const dateOfReplies = 'Sat, 21 Nov 2026 05:10:00 GMT'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

type Reply = { readonly status: number; readonly body: object }

/** A database that gives every request the same reply, or none; counts them. */
async function databaseThatAnswers(reply: Reply | undefined) {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    request.resume()
    if (!reply) return
    response.sendDate = false
    response.writeHead(reply.status, { date: dateOfReplies })
    response.end(JSON.stringify(reply.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the server listens')
  const endpoint = `http://127.0.0.1:${address.port}`
  return { database: makeDatabase({ tables, endpoint }), requests: () => requests }
}

const broken: Reply = {
  status: 500,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' },
}

describe('a fault of the service', () => {
  test('is met with three more tries', async () => {
    const { database, requests } = await databaseThatAnswers(broken)
    await expect(database.client.get(read)).rejects.toMatchObject({ name: 'InternalServerError' })
    expect(requests()).toBe(4)
  })

  test('is told at once where the ledger repeats', async () => {
    const { database, requests } = await databaseThatAnswers(broken)
    await expect(database.once.get(read)).rejects.toMatchObject({ name: 'InternalServerError' })
    expect(requests()).toBe(1)
  })
})

describe('of four tries, those that a refusal costs', () => {
  const refusal = (name: string, status = 400): Reply => ({ status, body: { __type: name } })

  test.each([
    ['ProvisionedThroughputExceededException', 4],
    ['ThrottlingException', 4],
    ['TransactionConflictException', 4],
    ['ConditionalCheckFailedException', 1],
    ['ValidationException', 1],
    ['TransactionCanceledException', 1],
  ])('%s: %i', async (name, tries) => {
    const { database, requests } = await databaseThatAnswers(refusal(name))
    await expect(database.client.get(read)).rejects.toMatchObject({ name, status: 400 })
    expect(requests()).toBe(tries)
  })
})

describe('a request without a reply', () => {
  test('is given up after two seconds, and is unknown', async () => {
    const { database, requests } = await databaseThatAnswers(undefined)
    const sentAtMs = Date.now()
    const error = await database.once.get(read).catch((cause: unknown) => cause)
    const waitedMs = Date.now() - sentAtMs
    expect(error).toMatchObject({ name: 'TimeoutError' })
    expect(isUnknownOutcome(error)).toBe(true)
    expect(waitedMs).toBeGreaterThan(1_500)
    expect(waitedMs).toBeLessThan(6_000)
    expect(requests()).toBe(1)
  })
})

test.each(['client', 'once'] as const)(
  "the database's clock is told by a reply to %s",
  async (name) => {
    const { database } = await databaseThatAnswers({ status: 200, body: {} })
    expect(database.serverTimeMs()).toBeUndefined()
    await database[name].get(read)
    const passedMs = (database.serverTimeMs() ?? 0) - Date.parse(dateOfReplies)
    expect(passedMs).toBeGreaterThanOrEqual(0)
    expect(passedMs).toBeLessThan(5_000)
  },
)

test.each(['client', 'once'] as const)(
  'a right that is missing is refused by %s before anything is sent',
  async (name) => {
    const unreachable = makeDatabase({ tables, endpoint: 'http://127.0.0.1:1' })
    const database = enforceRights(unreachable, 'bootstrap')
    await expect(database[name].get(read)).rejects.toThrow('bootstrap has no right')
  },
)

describe('an outcome', () => {
  const refused = (name: string, status = 400) => new AwsError(name, { message: '', status })
  const lostCall = new AwsError(lostNames.connection, { message: 'reset' })

  test.each([
    ['a fault of the service', refused('InternalServerError', 500)],
    ['a lost connection', lostCall],
    ['a throttle', refused('ProvisionedThroughputExceededException')],
    ['an update that met a transaction', refused('TransactionConflictException')],
    ['a transaction that met others', cancelled('None', 'TransactionConflict')],
    ['a throttled transaction', cancelled('ThrottlingError', 'TransactionConflict')],
  ])('of %s is unknown', (_, error) => {
    expect(isUnknownOutcome(error)).toBe(true)
  })

  test.each([
    ['a failed condition', refused('ConditionalCheckFailedException')],
    ['a table that is not there', refused('ResourceNotFoundException')],
    ['a failed condition of a transaction', cancelled('ConditionalCheckFailed', 'None')],
    ['the same where others were met', cancelled('ConditionalCheckFailed', 'TransactionConflict')],
    ['a transaction that is no good', cancelled('ValidationError', 'None')],
    ['a transaction cancelled for no reason', cancelled()],
    ['an assertion of ours', new InvariantError('S6 0 ≤ charge ≤ hold')],
    ['something thrown that is no error', 'fault'],
  ])('of %s is known', (_, error) => {
    expect(isUnknownOutcome(error)).toBe(false)
  })
})
