/**
 * Calls of the Cloudflare API (v4), each bounded in time, tries and size. A try whose reply was lost
 * may have worked; who calls looks by name before creating, so that trying again is harmless.
 */
import * as z from 'zod'
import type { Sleep } from '../../protocol/clock.ts'
import { parseJson } from '../../protocol/json-text.ts'

export type CloudflareApiOptions = {
  readonly baseUrl: string
  readonly token: string
  readonly sleep: Sleep
}

export type ApiCall<T> = {
  /** What is attempted, in the words of an error: `create the tunnel`. */
  readonly step: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly result: z.ZodType<T>
  /** Of the whole operation that this call is part of. */
  readonly signal: AbortSignal
}

export type ApiReply<T> =
  | { readonly ok: true; readonly result: T }
  /** Refused for good: the same call would be refused again. */
  | {
      readonly ok: false
      readonly status: number
      readonly codes: readonly number[]
      readonly why: string
    }

export type CloudflareApi = <T>(call: ApiCall<T>) => Promise<ApiReply<T>>

const triesMax = 4
const tryTimeoutMs = 5_000
const firstWaitMs = 200
/** The API blocks for up to five minutes; nobody waits for that with a connection open. */
const waitMsMax = 5_000
const replyBytesMax = 1024 * 1024

const Envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.int(), message: z.string() })).nullish(),
  result: z.unknown(),
})

/** Says which step of which operation failed; holds nothing of what was sent. */
export const stepFailed = (step: string, why: string, cause?: unknown): Error =>
  new Error(`Cloudflare did not ${step}: ${why}.`, { cause })

type Answer = {
  readonly status: number
  readonly retryAfterMs: number | undefined
  readonly text: string
}

export function makeCloudflareApi(options: CloudflareApiOptions): CloudflareApi {
  return async (call) => {
    let why = ''
    for (let tried = 0; tried < triesMax; tried += 1) {
      const answer = await tryOnce(options, call).catch((error: unknown) => {
        if (call.signal.aborted) throw stepFailed(call.step, 'time was up', error)
        return error instanceof Error ? error : new Error('fault')
      })
      const isAnswered = !(answer instanceof Error)
      if (isAnswered && answer.status < 500 && answer.status !== 429) return replyOf(call, answer)
      why = isAnswered ? `it answered with status ${answer.status}` : `no answer (${answer.name})`
      const waitMs = (isAnswered ? answer.retryAfterMs : undefined) ?? firstWaitMs * 2 ** tried
      if (waitMs > waitMsMax)
        throw stepFailed(call.step, `${why} and asks to wait ${waitMs / 1000} s`)
      if (tried + 1 < triesMax) await options.sleep(waitMs, call.signal)
    }
    throw stepFailed(call.step, `${why}, ${triesMax} times`)
  }
}

async function tryOnce<T>(options: CloudflareApiOptions, call: ApiCall<T>): Promise<Answer> {
  const url = new URL(`${options.baseUrl}${call.path}`)
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value)
  const response = await fetch(url, {
    method: call.method,
    redirect: 'error',
    signal: AbortSignal.any([call.signal, AbortSignal.timeout(tryTimeoutMs)]),
    headers: {
      authorization: `Bearer ${options.token}`,
      accept: 'application/json',
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  })
  const retryAfter = response.headers.get('retry-after') ?? ''
  return {
    status: response.status,
    retryAfterMs: /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined,
    text: await readText(response),
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > replyBytesMax) throw new Error('the reply is longer than 1 MB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function replyOf<T>(call: ApiCall<T>, { status, text }: Answer): ApiReply<T> {
  const envelope = Envelope.safeParse(parseJson(text))
  if (!envelope.success) {
    throw stepFailed(call.step, `its answer with status ${status} is none that we know`)
  }
  const { success, errors } = envelope.data
  if (!success || status >= 400) {
    const codes = (errors ?? []).map(({ code }) => code)
    const said = (errors ?? [])
      .slice(0, 3)
      .map(({ code, message }) => `${code} ${message.slice(0, 200)}`)
    return { ok: false, status, codes, why: [`status ${status}`, ...said].join('; ') }
  }
  const result = call.result.safeParse(envelope.data.result)
  if (result.success) return { ok: true, result: result.data }
  const [issue] = result.error.issues
  throw stepFailed(call.step, `its result is not valid at "${issue?.path.join('.')}"`, result.error)
}
