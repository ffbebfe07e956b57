import { createServer } from 'node:http'
import {
  ConditionalCheckFailedException,
  InternalServerError,
  ProvisionedThroughputExceededException,
  ResourceNotFoundException,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb'
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { afterEach, describe, expect, test } from 'vitest'
import { isUnknownOutcome, makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { localTableNames } from '../../../src/adapters/dynamodb/create-tables.ts'
import { InvariantError } from '../../../src/protocol/assert.ts'

const tables = localTableNames('client')
const read = new GetCommand({ TableName: tables.balances, Key: { pk: 'a', sk: 'b' } })
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
    await expect(database.client.send(read)).rejects.toThrow(InternalServerError)
    expect(requests()).toBe(4)
  })

  test('is told at once where the ledger repeats', async () => {
    const { database, requests } = await databaseThatAnswers(broken)
    await expect(database.once.send(read)).rejects.toThrow(InternalServerError)
    expect(requests()).toBe(1)
  })
})

describe('a request without a reply', () => {
  test('is given up after two seconds, and is unknown', async () => {
    const { database, requests } = await databaseThatAnswers(undefined)
    const sentAtMs = Date.now()
    const error = await database.once.send(read).catch((cause: unknown) => cause)
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
    await database[name].send(read)
    const passedMs = (database.serverTimeMs() ?? 0) - Date.parse(dateOfReplies)
    expect(passedMs).toBeGreaterThanOrEqual(0)
    expect(passedMs).toBeLessThan(5_000)
  },
)

test.each(['client', 'once'] as const)(
  'a right that is missing is refused by %s before anything is sent',
  async (name) => {
    const enforce = { principal: 'bootstrap' } as const
    const database = makeDatabase({ tables, endpoint: 'http://127.0.0.1:1', enforce })
    await expect(database[name].send(read)).rejects.toThrow('bootstrap has no right')
  },
)

describe('an outcome', () => {
  const of = (httpStatusCode: number) => ({ message: '', $metadata: { httpStatusCode } })
  const cancelled = (...codes: readonly string[]) =>
    new TransactionCanceledException({
      ...of(400),
      CancellationReasons: codes.map((Code) => ({ Code })),
    })

  test.each([
    ['a fault of the service', new InternalServerError(of(500))],
    ['a lost connection', Object.assign(new Error('reset'), { $metadata: { attempts: 1 } })],
    ['a throttle', new ProvisionedThroughputExceededException(of(400))],
    ['an update that met a transaction', new TransactionConflictException(of(400))],
    ['a transaction that met others', cancelled('None', 'TransactionConflict')],
    ['a throttled transaction', cancelled('ThrottlingError', 'TransactionConflict')],
  ])('of %s is unknown', (_, error) => {
    expect(isUnknownOutcome(error)).toBe(true)
  })

  test.each([
    ['a failed condition', new ConditionalCheckFailedException(of(400))],
    ['a table that is not there', new ResourceNotFoundException(of(400))],
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
