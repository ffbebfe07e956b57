/**
 * `b3iq chat`: one question, its answer as it comes, and what it cost. Ctrl-C cancels by the request's
 * id, because a gateway may not see that its client has gone.
 */
import * as z from 'zod'
import { type Api, headersOf, jsonObject, patiently } from '../api.ts'
import { eventsOf } from '../event-stream.ts'
import { failureOf, readBounded } from '../exchange.ts'
import { argument, count, option } from '../inputs.ts'
import { readPiped } from '../json-file.ts'
import { leaf, type Output } from '../leaf.ts'
import { deny, type Outcome, ok, refuse } from '../outcome.ts'
import { printableLines } from '../printable.ts'
import { callOf, type Session } from '../session.ts'
import { laptopModel, type Target } from '../settings.ts'

const route = 'POST /v1/chat/completions'
const answerTimeoutMs = 15 * 60_000
/** The gateway breaks its silence every ten seconds. */
const silenceMs = 60_000
const refusalBytesMax = 1024 * 1024

const Chunk = z.looseObject({
  choices: z
    .array(z.looseObject({ delta: z.looseObject({ content: z.string().nullish() }).optional() }))
    .default([]),
  error: z.looseObject({ message: z.string(), code: z.string().nullish() }).optional(),
  b3iq: z
    .looseObject({
      receipt_hash: z.string(),
      cost_usd: z.string(),
      saved_usd: z.string().optional(),
      salt: z.string().nullish(),
    })
    .optional(),
})
type Summary = NonNullable<z.infer<typeof Chunk>['b3iq']>

export const chatLeaf = leaf({
  name: 'chat',
  does: 'ask a model one thing; the answer streams, its charge and receipt follow',
  inputs: {
    text: argument('<text>', 'what to ask, or - for what is piped in'),
    model: option('--model <id>', 'by default the only one on sale'),
    system: option('--system <text>', 'how the model is to answer'),
    max_tokens: count('--max-tokens <n>', 'of the answer at the most'),
  },
  calls: [route, 'POST /v1/requests/:id/cancel', 'GET /v1/models'],
  run: async (session, { text, model: asked, system, max_tokens }) => {
    const question = text === '-' ? await readPiped(session.world) : ok(text)
    if (!question.ok) return question
    const opened = await session.open('gateway')
    if (!opened.ok) return opened
    const { api, target } = opened.value
    const model = asked === undefined ? await onlyModel(session, api, target) : ok(asked)
    if (!model.ok) return model
    const messages = [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: question.value },
    ]
    const body = { model: model.value, messages, max_tokens }
    return session.flags.json ? askWhole(api, body) : askStreamed(session, api, body)
  },
})

const Architecture = z.object({
  input_modalities: z.array(z.string()),
  output_modalities: z.array(z.string()),
})

const Models = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      architecture: Architecture.optional(),
    }),
  ),
})

const isForText = (architecture: z.infer<typeof Architecture> | undefined): boolean =>
  architecture === undefined ||
  (architecture.input_modalities.includes('text') &&
    architecture.output_modalities.includes('text'))

/** Of those that take text and answer with it. */
async function onlyModel(session: Session, api: Api, target: Target): Promise<Outcome<string>> {
  const known = await laptopModel(target, session.world)
  if (known !== undefined) return ok(known)
  const reply = await api.askJson(callOf({ route: 'GET /v1/models' }))
  if (!reply.ok) return reply
  const models = Models.safeParse(reply.value)
  const ids = (models.data?.data ?? [])
    .filter(({ architecture }) => isForText(architecture))
    .map(({ id }) => id)
  const [only, ...others] = ids
  if (only === undefined) return deny(`Nothing is on sale at ${api.url} at present: try later.`)
  if (others.length === 0) return ok(only)
  return refuse(
    `Name one of ${ids.length} models with --model, such as ${ids.slice(0, 5).join(', ')}.`,
  )
}

/** For programs: the reply of the API, in one piece. */
async function askWhole(api: Api, body: object): Promise<Outcome<Output>> {
  const reply = await api.askJson({ ...callOf({ route, body }), timeoutMs: answerTimeoutMs })
  return reply.ok ? ok({ json: reply.value }) : reply
}

async function askStreamed(session: Session, api: Api, body: object): Promise<Outcome<Output>> {
  const quiet = new AbortController()
  const interrupted = session.world.interrupted()
  const signal = AbortSignal.any([quiet.signal, interrupted, AbortSignal.timeout(answerTimeoutMs)])
  const opened = await openStream(api, { ...body, stream: true }, signal)
  if (interrupted.aborted) return refuse(stoppedEarly)
  if (!opened.ok) return opened
  const requestId = opened.value.headers.get('x-request-id')
  try {
    return await relay(session, opened.value, quiet)
  } catch (error) {
    if (interrupted.aborted) return cancelled(api, requestId)
    const { reason } = failureOf(error, quiet.signal.aborted ? silenceMs : answerTimeoutMs)
    return deny(
      `The answer broke off: ${reason}. What was delivered is charged; b3iq usage shows it (request ${requestId}).`,
    )
  }
}

async function openStream(api: Api, body: object, signal: AbortSignal): Promise<Outcome<Response>> {
  const call = callOf({ route, body })
  return patiently(api.deps, call, async () => {
    try {
      const response = await fetch(`${api.url}${call.path}`, {
        method: call.method,
        headers: { ...headersOf(api.deps, call), accept: 'text/event-stream' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal,
      })
      if (response.status === 200) return { kind: 'done', value: response }
      const text = await readBounded(response, refusalBytesMax)
      if (text === undefined) return { kind: 'too_large' }
      const { status, headers } = response
      return { kind: 'replied', reply: { status, headers, text } }
    } catch (error) {
      const { kind, reason } = failureOf(error, answerTimeoutMs)
      // Whoever stopped it wants no other try.
      return { kind: signal.aborted ? 'refused_connection' : kind, reason }
    }
  })
}

async function relay(
  session: Session,
  { body }: Response,
  quiet: AbortController,
): Promise<Outcome<Output>> {
  let timer = setTimeout(() => quiet.abort(), silenceMs)
  const onActivity = () => {
    clearTimeout(timer)
    timer = setTimeout(() => quiet.abort(), silenceMs)
  }
  let summary: Summary | undefined
  let failure: string | undefined
  let isWhole = false
  let lastChar = ''
  try {
    for await (const data of eventsOf(body ?? emptyBody(), onActivity)) {
      if (data === '[DONE]') {
        isWhole = true
        continue
      }
      const { data: chunk } = Chunk.safeParse(jsonObject(data))
      if (!chunk) return deny('The answer is not one of B3IQ: check --gateway.')
      const piece = printableLines(chunk.choices[0]?.delta?.content ?? '')
      session.world.writeOut(piece)
      lastChar = piece.at(-1) ?? lastChar
      summary = chunk.b3iq ?? summary
      if (chunk.error) failure = `${chunk.error.message} (${chunk.error.code ?? 'error'})`
    }
  } finally {
    clearTimeout(timer)
  }
  if (lastChar !== '\n') session.world.writeOut('\n')
  if (summary) tellCost(session, summary)
  if (failure !== undefined) return deny(failure)
  return isWhole ? ok({}) : deny('The answer broke off before its end.')
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

function tellCost(session: Session, { cost_usd, saved_usd, receipt_hash, salt }: Summary): void {
  const saved = saved_usd === undefined ? '' : ` (${saved_usd} USD below the benchmark)`
  session.note(`charge ${cost_usd} USD${saved}`)
  const opening = salt ? ` --salt=${salt}` : ''
  session.note(`receipt ${receipt_hash}`)
  session.note(`prove it: b3iq verify ${receipt_hash}${opening}`)
}

const stoppedEarly =
  'Stopped before the gateway had given the request an id: b3iq usage shows what becomes of it.'

async function cancelled(api: Api, requestId: string | null): Promise<Outcome<Output>> {
  if (requestId === null) return refuse(stoppedEarly)
  const parts = [requestId]
  const reply = await api.ask(callOf({ route: 'POST /v1/requests/:id/cancel', parts }))
  if (reply.ok) return deny(`Cancelled: b3iq usage shows what was charged (request ${requestId}).`)
  return refuse(`Stopped, and not cancelled: ${reply.message}`)
}
