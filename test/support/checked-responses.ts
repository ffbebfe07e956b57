/**
 * Replies held against the table of endpoints: whatever an app answers in a test is parsed by what the
 * table says of its route and status, and nothing that the table does not name may be in it.
 */
import type { Hono } from 'hono'
import { getPath } from 'hono/utils/url'
import * as z from 'zod'
import { type EndpointRow, type EndpointTable, partsOf } from '../../src/http/endpoint.ts'
import type { SurfaceEnv } from '../../src/http/surface.ts'
import { errorTable } from '../../src/protocol/errors.ts'

type Row = EndpointRow<unknown, string>

export type Surface = {
  readonly endpoints: EndpointTable<unknown, string>
  readonly errorReply: z.ZodType
  /** Of every reply, and of every error. */
  readonly everyReply: readonly string[]
  readonly everyError: readonly string[]
}

/** The app itself; every reply that it gives from now on is checked as it goes out. */
export function checkingReplies(app: Hono<SurfaceEnv>, surface: Surface): Hono<SurfaceEnv> {
  const answer = app.fetch
  const rows = Object.entries(surface.endpoints).map(([route, row]) => ({
    ...partsOf(route),
    row,
    route,
  }))
  app.fetch = async (request, ...rest) => {
    const response = await answer(request, ...rest)
    const pathname = getPath(request)
    const found = rows.find(
      ({ method, path }) => method === request.method && shapeOf(path).test(pathname),
    )
    const isBodiless = request.method === 'HEAD' || request.method === 'OPTIONS'
    return isBodiless ? response : checked(response, surface, found)
  }
  return app
}

type Found = { readonly route: string; readonly row: Row } | undefined

async function checked(response: Response, surface: Surface, found: Found): Promise<Response> {
  const where = `${found?.route ?? 'no route of the table'} -> ${response.status}`
  if (response.status >= 400) {
    checkRefusal(await response.clone().json(), response, { surface, found, where })
    return response
  }
  if (!found) throw new Error(`${where}: the table of endpoints lacks what answered`)
  checkHeaders(response.headers, [...surface.everyReply, ...(found.row.headers ?? [])], where)
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const media = found.row.answer[type]
  if (!media) throw new Error(`${where}: the table knows no answer of ${type}`)
  if (type === 'text/event-stream') return withCheckedEvents(response, media.schema, where)
  if (type === 'application/json') check(media.schema, await response.clone().json(), where)
  return response
}

const WireError = z.object({ error: z.object({ code: z.string() }) })

function checkRefusal(
  body: unknown,
  response: Response,
  { surface, found, where }: { surface: Surface; found: Found; where: string },
): void {
  check(surface.errorReply, body, where)
  const { code } = WireError.parse(body).error
  const isOwn = found?.row.errors.some((one) => one === code) ?? pathless.includes(code)
  if (!isOwn) throw new Error(`${where}: the table does not name ${code} there`)
  if (statusOf(code) !== response.status) throw new Error(`${where}: ${code} has another status`)
  const limited = response.status === 429 ? ['x-b3iq-limit-kind'] : []
  const headers = [...surface.everyError, ...(found?.row.headers ?? []), ...limited]
  checkHeaders(response.headers, headers, where)
}

/** Of paths and methods that there are not, and of faults that came before the path was read. */
const pathless = ['not_found', 'method_not_allowed', 'internal_error']

const statusOf = (code: string): number | undefined =>
  Object.entries(errorTable).find(([one]) => one === code)?.[1].status

function checkHeaders(headers: Headers, known: readonly string[], where: string): void {
  const own = [...headers.keys()].filter((name) =>
    /^(x-|openai-|retry-after|idempotent-)/.test(name),
  )
  const stray = own.filter((name) => !known.includes(name) && name !== 'x-accel-buffering')
  if (stray.length > 0) throw new Error(`${where}: the table lacks the headers ${stray.join()}`)
}

function check(schema: z.ZodType, value: unknown, where: string): void {
  const parsed = schema.safeParse(value)
  if (parsed.success) return
  throw new Error(
    `${where} is not what the table says: ${z.prettifyError(parsed.error)} ${JSON.stringify(value)}`,
  )
}

/** Nothing is read that the client does not read, so that backpressure and cancels stay as they are. */
function withCheckedEvents(response: Response, schema: z.ZodType, where: string): Response {
  const reader = response.body?.getReader()
  if (!reader) throw new Error(`${where}: a stream without a body`)
  const decoder = new TextDecoder()
  let rest = ''
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await reader.read()
        rest += decoder.decode(value, { stream: !done })
        const frames = rest.split('\n\n')
        rest = frames.pop() ?? ''
        for (const frame of frames) checkFrame(frame, schema, where)
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return new Response(body, response)
}

function checkFrame(frame: string, schema: z.ZodType, where: string): void {
  const data = frame.split('\n').find((line) => line.startsWith('data: '))
  if (data !== undefined && data !== 'data: [DONE]') {
    check(schema, JSON.parse(data.slice('data: '.length)), where)
  }
}

/** The path as Hono reads it, as an expression. */
function shapeOf(path: string): RegExp {
  const shape = path
    .replace(/[.]/g, '\\.')
    .replace(/:\w+\{\\?([^}]*)\}/g, (_, inner: string) => `(?:${inner})`)
    .replace(/:\w+/g, '[^/]+')
  return new RegExp(`^${shape}$`)
}
