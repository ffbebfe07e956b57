/** The same app behind a Lambda function URL: what the platform does to requests breaks nothing. */
import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import { handle, type LambdaEvent } from 'hono/aws-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signatureTag, signRequest } from '../../src/protocol/http-signature.ts'
import { type ControlPlane, stage, startControlPlane } from '../support/control-plane.ts'
import { approvedHost, enrolledHost } from '../support/test-host.ts'

type FunctionUrlEvent = Extract<LambdaEvent, { rawPath: string }>

const domainName = 'abc.lambda-url.eu-central-1.on.aws'

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
})
afterAll(() => plane.stop())

const invoke = async (event: FunctionUrlEvent) => {
  const handler = middy(handle(plane.ingest))
  const { statusCode, headers, body, isBase64Encoded } = await handler(event, {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'ingest',
    functionVersion: '1',
    invokedFunctionArn: 'arn',
    memoryLimitInMB: '256',
    awsRequestId: randomUUID(),
    logGroupName: 'group',
    logStreamName: 'stream',
    getRemainingTimeInMillis: () => 30_000,
  })
  return { statusCode, headers, body: JSON.parse(body), isBase64Encoded }
}

test('a signed beat verifies over path and body as the platform hands them on', async () => {
  const host = await enrolledHost(plane)
  const body = Buffer.from(JSON.stringify(host.heartbeat()))
  const signed = { method: 'POST', url: 'https://ingest.example.com/ingest/v1/heartbeats', body }
  const headers = await signRequest(signed, {
    signer: host.signer,
    keyId: host.nodeId,
    tag: signatureTag(stage, 'heartbeat'),
    nonce: randomUUID(),
    nowMs: plane.nowMs(),
  })
  for (const isBase64Encoded of [true, false]) {
    const event = eventOf('POST', '/ingest/v1/heartbeats', {
      headers,
      body: body.toString(isBase64Encoded ? 'base64' : 'utf8'),
      isBase64Encoded,
    })
    const reply = await invoke(event)
    plane.passMs(1)
    // Taken the first time, and refused the second for nothing but its sequence number.
    expect(reply.statusCode).toBe(isBase64Encoded ? 200 : 409)
    expect(reply.isBase64Encoded).toBe(false)
    expect(reply.headers?.['content-type']).toBe('application/json')
  }
})

test('a signed request without a body verifies there, too', async () => {
  const host = await approvedHost(plane)
  const url = 'https://ingest.example.com/ingest/v1/earnings'
  const headers = await signRequest(
    { method: 'GET', url, body: Buffer.alloc(0) },
    {
      signer: host.signer,
      keyId: host.nodeId,
      tag: signatureTag(stage, 'earnings'),
      nonce: randomUUID(),
      nowMs: plane.nowMs(),
    },
  )
  for (const body of [null, '']) {
    const event = eventOf('GET', '/ingest/v1/earnings', { headers, body, isBase64Encoded: false })
    const reply = await invoke(event)
    expect(reply).toMatchObject({ statusCode: 200, body: { node_id: host.nodeId } })
  }
})

test('an unknown path answers JSON there as well', async () => {
  const reply = await invoke(
    eventOf('GET', '/', { headers: {}, body: null, isBase64Encoded: false }),
  )
  expect(reply).toMatchObject({ statusCode: 404, body: { error: { code: 'not_found' } } })
})

function eventOf(
  method: string,
  path: string,
  content: Pick<FunctionUrlEvent, 'headers' | 'body' | 'isBase64Encoded'>,
): FunctionUrlEvent {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    ...content,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'abc',
      authentication: null,
      authorizer: {},
      domainName,
      domainPrefix: 'abc',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '198.51.100.7', userAgent: 'agent' },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: '21/Nov/2026:06:00:00 +0000',
      timeEpoch: 0,
    },
  }
}
