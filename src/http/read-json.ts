/**
 * Request bodies from strangers: read within bounds of size and time, parsed once, checked by a
 * schema. What is wrong is told by field, in the form of the error table.
 */
import type * as z from 'zod'
import { isWellFormed, isWithin } from '../protocol/bounded-json.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'

const bodyTimeoutMs = 20_000
const paramLengthMax = 128

export async function readJson<T>(
  request: Request,
  schema: z.ZodType<T>,
  maxBytes: number,
): Promise<Result<T>> {
  const body = await readBody(request, maxBytes)
  return body.ok ? parseJson(body.value, schema) : body
}

/** The value, and the bytes that it was read from, for those that hash them as well. */
export async function readJsonBytes<T>(
  request: Request,
  schema: z.ZodType<T>,
  maxBytes: number,
): Promise<Result<{ readonly asked: T; readonly bytes: Buffer }>> {
  const body = await readBody(request, maxBytes)
  if (!body.ok) return body
  const asked = parseJson(body.value, schema)
  return asked.ok ? ok({ asked: asked.value, bytes: body.value }) : asked
}

/** The raw bytes of a JSON body, for those that hash or verify them as well. */
export async function readBody(request: Request, maxBytes: number): Promise<Result<Buffer>> {
  return mediaTypeOf(request) === 'application/json'
    ? readBytes(request, maxBytes)
    : refuse('unsupported_media_type')
}

const compressed = refuse('unsupported_media_type', {
  message: 'Send the body uncompressed: no Content-Encoding is taken.',
})

/** Of a body of any type. */
export async function readBytes(request: Request, maxBytes: number): Promise<Result<Buffer>> {
  const tooLarge = refuse('request_too_large', {
    message: `The request body is larger than ${maxBytes} bytes.`,
  })
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') return compressed
  const declared = request.headers.get('content-length')
  if (Number(declared ?? 0) > maxBytes) return tooLarge
  // The server takes no more bytes than were declared, so they can be read in one go: a stream costs far more.
  const body = declared === null ? await readStream(request, maxBytes) : await readWhole(request)
  // Too slow and gone away look alike to a client that is still there: it did not arrive.
  if (body === 'missing') return refuse('request_timeout')
  return body === 'too_large' || body.byteLength > maxBytes ? tooLarge : ok(body)
}

async function readWhole(request: Request): Promise<Buffer | 'missing'> {
  const slow = AbortSignal.timeout(bodyTimeoutMs)
  const late = Promise.withResolvers<'missing'>()
  const giveUp = () => late.resolve('missing')
  slow.addEventListener('abort', giveUp)
  try {
    const whole = request.arrayBuffer().then((bytes) => Buffer.from(bytes))
    return await Promise.race([whole, late.promise])
  } catch {
    return 'missing'
  } finally {
    slow.removeEventListener('abort', giveUp)
  }
}

async function readStream(
  request: Request,
  maxBytes: number,
): Promise<Buffer | 'missing' | 'too_large'> {
  const chunks: Uint8Array[] = []
  let size = 0
  const sink = new WritableStream<Uint8Array>({
    write: (chunk, controller) => {
      size += chunk.byteLength
      if (size > maxBytes) controller.error()
      else chunks.push(chunk)
    },
  })
  try {
    await request.body?.pipeTo(sink, { signal: AbortSignal.timeout(bodyTimeoutMs) })
  } catch {
    return size > maxBytes ? 'too_large' : 'missing'
  }
  return Buffer.concat(chunks)
}

/** No store keeps it and no hash is made of it, so that it could only be changed in silence. */
const brokenText = refuse('invalid_json', {
  message: 'A text holds half of a surrogate pair, such as \\ud83d alone: send whole characters.',
})

const valuesMax = limits.jsonValues
const valueBounds = { depthMax: Number.POSITIVE_INFINITY, valuesMax }
const tooMany = refuse('invalid_value', {
  message: `The body holds more than ${valuesMax} values.`,
})

export function parseJson<T>(body: Uint8Array, schema: z.ZodType<T>): Result<T> {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    value = JSON.parse(text)
  } catch {
    return refuse('invalid_json')
  }
  // Only an escape can make one, so that most documents need not be walked through.
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value)) return brokenText
  // No shorter document can hold as many.
  if (body.byteLength > 2 * valuesMax && !isWithin(value, valueBounds)) return tooMany
  return checkValue(value, schema)
}

/** For what is parsed already: query strings, documents inside others. */
export function checkValue<T>(value: unknown, schema: z.ZodType<T>): Result<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return ok(parsed.data)
  const [issue] = parsed.error.issues
  return issue ? refusalOf(meant(issue), value) : refuse('invalid_value')
}

/** Of a union, the branch that got furthest into the value is the one that was meant. */
function meant(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const firsts = issue.errors.flatMap((branch) => branch.slice(0, 1)).map(meant)
  const [furthest] = firsts.sort((one, other) => other.path.length - one.path.length)
  if (!furthest || furthest.path.length === 0) return issue
  return { ...furthest, path: [...issue.path, ...furthest.path] }
}

function refusalOf(issue: z.core.$ZodIssue, value: unknown) {
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const param = [...issue.path, ...unknownKey].join('.').slice(0, paramLengthMax)
  if (param === '') return refuse('invalid_value', { message: `${issue.message}.` })
  if (unknownKey.length === 0 && valueAt(value, issue.path) === undefined) {
    return refuse('missing_required_parameter', { param, message: `${param} is required.` })
  }
  const message = unknownKey.length > 0 ? 'no such parameter is known' : issue.message
  return refuse('invalid_value', { param, message: `${param}: ${message}.` })
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  )
}

/** In lower case and without its parameters. */
export const mediaTypeOf = (request: Request): string | undefined =>
  request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
