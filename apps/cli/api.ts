/**
 * Calls of the gateway's and the admin API. What the server calls retryable is tried again, a few
 * times and under one idempotency key, so that a repeated change is made once.
 */
import * as z from 'zod'
import type { NowMs, Random, Sleep } from '../../src/protocol/clock.ts'
import type { Surface } from './base-url.ts'
import { type Exchanged, exchange, type Reply } from './exchange.ts'
import { deny, type Failure, type Outcome, ok, refuse } from './outcome.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type Call = {
  readonly method: Method
  /** From the root of the server, with its query. */
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** @default 30 s for the whole reply */
  readonly timeoutMs?: number
}

export type Api = {
  readonly surface: Surface
  readonly url: string
  /** What its calls are made with, for a call that is made in another way. */
  readonly deps: ApiDeps
  /** The reply as text, which some lists are. */
  readonly ask: (call: Call) => Promise<Outcome<Reply>>
  /** The reply as the JSON object that all others are. */
  readonly askJson: (call: Call) => Promise<Outcome<Fields>>
}

export type Fields = Readonly<Record<string, unknown>>

export type ApiDeps = {
  readonly surface: Surface
  readonly url: string
  readonly key: string | undefined
  /** Of this run of the program: what it sends again, it sends under the same. */
  readonly idempotencyKey: string
  /** How often a call is made at the most. @default 4 */
  readonly tries?: number | undefined
  readonly nowMs: NowMs
  readonly sleep: Sleep
  readonly random: Random
  /** Told before each wait for another try. */
  readonly onWait?: (reason: string, waitMs: number) => void
}

const triesMax = 4
const waitsTogetherMs = 90_000
const callTimeoutMs = 30_000
/** A page of a hundred records, each with the largest document that the API takes, before and after. */
const replyBytesMax = 16 * 1024 * 1024
const firstWaitMs = 500

const WireFailure = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    request_id: z.string().optional(),
    retryable: z.boolean().optional(),
    retry_after_seconds: z.number().min(0).max(3600).optional(),
  }),
})
export type WireFailure = z.infer<typeof WireFailure>['error']

const AnyObject = z.record(z.string(), z.unknown())

export function makeApi(deps: ApiDeps): Api {
  const { surface, url } = deps
  const ask = (call: Call) => askPatiently(deps, call)
  return {
    surface,
    url,
    deps,
    ask,
    askJson: async (call) => {
      const reply = await ask(call)
      if (!reply.ok) return reply
      const json = jsonObject(reply.value.text)
      return json ? ok(json) : refuse(`${url} answered and not as B3IQ does: check --${surface}.`)
    },
  }
}

/** What every call of this program sends; a change also says which one it is. */
export function headersOf(
  { key, idempotencyKey }: Pick<ApiDeps, 'key' | 'idempotencyKey'>,
  { method, body, headers = {} }: Omit<Call, 'path'>,
): Readonly<Record<string, string>> {
  return {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(method === 'GET' ? {} : { 'idempotency-key': idempotencyKey }),
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...headers,
  }
}

async function askPatiently(deps: ApiDeps, call: Call): Promise<Outcome<Reply>> {
  const { body, timeoutMs = callTimeoutMs } = call
  return patiently(deps, call, async () => {
    const exchanged = await exchange({
      method: call.method,
      url: `${deps.url}${call.path}`,
      headers: headersOf(deps, call),
      body: body === undefined ? undefined : JSON.stringify(body),
      timeoutMs,
      replyBytesMax,
    })
    const isDone = exchanged.kind === 'replied' && exchanged.reply.status < 300
    return isDone ? { kind: 'done', value: exchanged.reply } : exchanged
  })
}

/** Tries until it is done, the server says that trying again is no use, or patience ends. */
export async function patiently<T>(
  deps: ApiDeps,
  call: Pick<Call, 'method'>,
  attempt: () => Promise<Exchanged | { readonly kind: 'done'; readonly value: T }>,
): Promise<Outcome<T>> {
  const { tries = triesMax } = deps
  const untilMs = deps.nowMs() + waitsTogetherMs
  for (let tried = 1; ; tried += 1) {
    const ended = await attempt()
    if (ended.kind === 'done') return ok(ended.value)
    const waitMs = waitBeforeNext(ended, tried, deps.random)
    if (tried >= tries || waitMs === undefined || deps.nowMs() + waitMs > untilMs) {
      return failureOf(deps, call, ended)
    }
    deps.onWait?.(reasonOf(ended), waitMs)
    await deps.sleep(waitMs)
  }
}

/** Undefined where trying again is no use. The server's own word on the wait is obeyed. */
function waitBeforeNext(exchanged: Exchanged, attempt: number, random: Random): number | undefined {
  const backoffMs = firstWaitMs * 2 ** (attempt - 1) * (0.5 + random() / 2)
  if (exchanged.kind === 'no_reply') return backoffMs
  if (exchanged.kind !== 'replied') return undefined
  const { status, text, headers } = exchanged.reply
  if (![409, 429, 503].includes(status)) return undefined
  const wire = wireFailure(text)
  // Of a platform in front of the application: it says nothing but "later".
  if (!wire) return status === 409 ? undefined : Math.max(backoffMs, headerWaitMs(headers))
  if (wire.retryable !== true) return undefined
  return Math.max(backoffMs, (wire.retry_after_seconds ?? 0) * 1000)
}

const headerWaitMs = (headers: Headers): number => {
  const seconds = Number(headers.get('retry-after') ?? 0)
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0
}

function reasonOf(exchanged: Exchanged): string {
  if (exchanged.kind !== 'replied') return 'no reply'
  return wireFailure(exchanged.reply.text)?.code ?? `status ${exchanged.reply.status}`
}

function failureOf(deps: ApiDeps, call: Pick<Call, 'method'>, exchanged: Exchanged): Failure {
  const { surface, url, idempotencyKey } = deps
  switch (exchanged.kind) {
    case 'replied':
      return refusalOf(deps, exchanged.reply)
    case 'too_large':
      return refuse(`${url} answered with more than ${replyBytesMax} bytes: check --${surface}.`)
    case 'refused_connection':
      return refuse(
        `${url} cannot be reached: ${exchanged.reason}. Start it or check --${surface}.`,
      )
    case 'no_reply': {
      const again =
        call.method === 'GET'
          ? 'Try again.'
          : `Whether it was done is not known: the same command with --idempotency-key ${idempotencyKey} does it at most once.`
      return refuse(`${url} did not answer: ${exchanged.reason}. ${again}`)
    }
  }
}

/** The server's own sentence, what to do about it here, and what support will ask for. */
export function refusalOf(
  { surface, url }: Pick<ApiDeps, 'surface' | 'url'>,
  reply: Reply,
): Failure {
  const wire = wireFailure(reply.text)
  if (!wire) {
    return refuse(`${url} answered ${reply.status} and not as B3IQ does: check --${surface}.`)
  }
  const hint = hints[wire.code]
  const sentence = hint === undefined ? wire.message : `${wire.message} ${hint}`
  const request = wire.request_id === undefined ? '' : `, request ${wire.request_id}`
  return deny(`${sentence} (${wire.code}${request})`)
}

/** Only where the server's message cannot know how this program is told things. */
const hints: Readonly<Record<string, string>> = {
  invalid_api_key:
    'Here the key comes from --key-file, B3IQ_KEY_FILE, a profile or the laptop stack.',
  invalid_operator_key:
    'Here the key comes from --operator-key-file, B3IQ_OPERATOR_KEY_FILE, a profile or the laptop stack.',
  missing_role: 'Use the key of an operator with a higher role.',
  already_bootstrapped: 'An owner can make further keys: b3iq operators create.',
}

export function wireFailure(text: string): WireFailure | undefined {
  const parsed = WireFailure.safeParse(jsonObject(text))
  return parsed.success ? parsed.data.error : undefined
}

export function jsonObject(text: string): Fields | undefined {
  try {
    const parsed = AnyObject.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
