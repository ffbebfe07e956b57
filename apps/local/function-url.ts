/**
 * A function URL on a laptop: HTTP requests become the events that Lambda would deliver, so that ingest
 * and admin run the very handlers that are deployed.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Context } from 'aws-lambda'
import type { LambdaEvent } from 'hono/aws-lambda'
import * as z from 'zod'

export type FunctionHandler = (
  event: LambdaEvent,
  context: Context,
  options: { readonly signal: AbortSignal },
) => unknown

const Reply = z.object({
  statusCode: z.int(),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  multiValueHeaders: z.record(z.string(), z.array(z.string())).optional(),
  cookies: z.array(z.string()).optional(),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().optional(),
})

/** Function URLs take no more. */
const bodyBytesMax = 6 * 1024 * 1024

export function serveFunction(handler: FunctionHandler, port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { signal } = new AbortController()
    try {
      const body = await readBody(request)
      if (!body) {
        response.writeHead(413).end('{"message":"Request Too Long"}')
        return
      }
      const reply = Reply.parse(await handler(toEvent(request, body), localContext(), { signal }))
      response.writeHead(reply.statusCode, toHeaders(reply.headers))
      response.end(Buffer.from(reply.body ?? '', reply.isBase64Encoded ? 'base64' : 'utf8'))
    } catch (error) {
      // What a function URL answers when the function itself fails.
      console.error(error instanceof Error ? error.message : 'the handler failed')
      response.writeHead(502).end('Internal Server Error')
    }
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function toHeaders(headers: z.infer<typeof Reply>['headers'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.byteLength
    if (size > bodyBytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function toEvent(request: IncomingMessage, body: Buffer): LambdaEvent {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`)
  const method = request.method ?? 'GET'
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    ),
    queryStringParameters: Object.fromEntries(url.searchParams),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      authentication: null,
      authorizer: {},
      domainName: url.host,
      domainPrefix: 'local',
      http: {
        method,
        path: url.pathname,
        protocol: 'HTTP/1.1',
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: crypto.randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: new Date().toUTCString(),
      timeEpoch: Date.now(),
    },
    body: body.toString('base64'),
    isBase64Encoded: true,
  }
}

/** Also what schedules are invoked with. */
export function localContext(): Context {
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: 'local',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:local:000000000000:function:local',
    memoryLimitInMB: '512',
    awsRequestId: crypto.randomUUID(),
    logGroupName: 'local',
    logStreamName: 'local',
    getRemainingTimeInMillis: () => 60_000,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  }
}
