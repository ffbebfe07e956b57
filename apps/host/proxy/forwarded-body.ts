/**
 * What of a dispatch reaches a runtime: the body that the ticket names, with the runtime's own model
 * name, within the ticket's window, and with nothing in it that a runtime would fetch for a stranger.
 */
import * as z from 'zod'
import { ChatRequest, ContentPart } from '../../../src/protocol/chat-request.ts'
import { type HostPath, isChunked } from '../../../src/protocol/host-path.ts'
import type { Ticket } from '../../../src/protocol/ticket.ts'
import { readForm, writeForm } from './form-body.ts'
import type { SentBody } from './request-body.ts'

type Refused = { readonly ok: false; readonly message: string }

type Terms = {
  readonly ticket: Pick<Ticket, 'max_tokens' | 'n'>
  readonly localName: string
  readonly path: HostPath
}

export async function forwardedBody(
  sent: SentBody,
  terms: Terms,
): Promise<(SentBody & { readonly ok: true }) | Refused> {
  const safe = await safeBody(sent, terms.path)
  if (!safe.ok) return safe
  if (safe.kind === 'form') return { ok: true, ...(await writeForm(safe.form, terms.localName)) }
  // How many images there are to be stands in the body alone, which the ticket names.
  const choices = isChunked(terms.path) ? (safe.bounded.n ?? 1) : 1
  if (choices > terms.ticket.n) return refused('n: exceeds the ticket.')
  const json = { ...safe.json, model: terms.localName, ...windowOf(safe.bounded, terms) }
  return { ok: true, bytes: Buffer.from(JSON.stringify(json)), contentType: 'application/json' }
}

export type SafeBody =
  | (Safe & {
      readonly ok: true
      /** As the body names it; empty where it names none. */
      readonly model: string
    })
  | Refused

type Safe =
  | { readonly kind: 'json'; readonly json: object; readonly bounded: Bounded }
  | { readonly kind: 'form'; readonly form: FormData }

/** A body that makes no runtime fetch anything for a stranger. Audio comes as a form, the rest as JSON. */
export async function safeBody(sent: SentBody, path: HostPath): Promise<SafeBody> {
  if (path === '/v1/audio/transcriptions') {
    const form = await readForm(sent)
    if (form === undefined) return refused('The body is not a form with one audio file.')
    return { ok: true, kind: 'form', form, model: String(form.get('model') ?? '') }
  }
  const json = parseObject(sent.bytes)
  if (json === undefined) return refused('The body is not a JSON object.')
  const { success, error, data } = Bounded.safeParse(json)
  const [issue] = error?.issues ?? []
  if (!success) return refused(`${issue?.path.join('.')}: ${issue?.message}`)
  return { ok: true, kind: 'json', json, bounded: data, model: modelOf(json) }
}

/** What is embedded or judged: texts, tokens, and images that are in the body itself. */
const Input = z.union([
  z.string(),
  z.array(z.union([z.string(), z.number(), z.array(z.number()), ContentPart])),
])

/** What the agent depends on; images by address are refused by the schema of their parts. */
const Bounded = ChatRequest.pick({ messages: true, max_tokens: true, max_completion_tokens: true })
  .extend({ n: z.int().min(1).nullish(), input: Input.nullish() })
  .partial()
type Bounded = z.infer<typeof Bounded>

/** Nothing for what generates no text. */
function windowOf(bounded: Bounded, { ticket, path }: Terms): object {
  if (!isChunked(path)) return {}
  const { max_tokens, max_completion_tokens } = bounded
  const window = Math.min(
    max_tokens ?? ticket.max_tokens,
    max_completion_tokens ?? ticket.max_tokens,
    ticket.max_tokens,
  )
  // Not every runtime knows the newer name, so the older one always carries the window.
  return { max_tokens: window, ...(max_completion_tokens ? { max_completion_tokens: window } : {}) }
}

const WithModel = z.looseObject({ model: z.string() })
const modelOf = (json: object): string => WithModel.safeParse(json).data?.model ?? ''

const refused = (message: string): Refused => ({ ok: false, message })

function parseObject(bytes: Buffer): object | undefined {
  try {
    const json: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined
  } catch {
    return undefined
  }
}
