/**
 * Requests of the owner in mode local: a bearer token instead of a ticket, local model names, no
 * proof and no claim. The same paths, slots, bounds and rules for bodies as for the network.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { HostPath } from '../../../src/protocol/host-path.ts'
import { limits } from '../../../src/protocol/limits.ts'
import type { Target } from '../runtimes/monitor.ts'
import { runtimeUrl } from '../runtimes/surface.ts'
import type { Counters } from './counters.ts'
import type { Dispatch } from './dispatch.ts'
import { safeBody } from './forwarded-body.ts'
import { busy, type Refusal, sendJson, sendRefusal, tooLarge, whenGone } from './replies.ts'
import { readBody, type SentBody } from './request-body.ts'
import { runtimeError } from './runtime-error.ts'
import { askRuntime, type RuntimeTimeouts } from './runtime-request.ts'
import type { Slots } from './slots.ts'

const unauthorized: Refusal = {
  status: 401,
  code: 'unauthorized',
  message: 'In mode local a request needs the bearer token of token_file.',
}

export type LocalDispatchDeps = {
  readonly isAuthorized: (request: IncomingMessage) => boolean
  readonly takesWork: () => boolean
  /** By the name under which a runtime serves it. */
  readonly targetNamed: (localName: string) => Target | undefined
  readonly localNames: () => readonly string[]
  readonly slots: Pick<Slots, 'take'>
  readonly counters: Counters
  readonly timeouts: RuntimeTimeouts
}

export function makeLocalDispatch(deps: LocalDispatchDeps): {
  readonly dispatch: Dispatch
  readonly models: (request: IncomingMessage, response: ServerResponse) => void
} {
  const { counters, timeouts } = deps

  async function run(
    ask: SentBody & { readonly path: HostPath; readonly target: Target },
    response: ServerResponse,
  ): Promise<'completed' | 'failed' | 'cancelled_by_client'> {
    const gone = whenGone(response)
    const { bytes: body, contentType } = ask
    const url = runtimeUrl(ask.target.url, ask.path)
    const reply = await askRuntime({ url, body, contentType, signal: gone, timeouts })
    if (gone.aborted) return 'cancelled_by_client'
    if (reply === undefined) {
      sendRefusal(response, runtimeError())
      return 'failed'
    }
    const type = reply.headers['content-type'] ?? 'application/json'
    response.writeHead(reply.statusCode ?? 502, { 'content-type': type })
    try {
      await pipeline(reply, response)
      return 'completed'
    } catch {
      return gone.aborted ? 'cancelled_by_client' : 'failed'
    }
  }

  return {
    dispatch: async (path, request, response) => {
      if (!deps.isAuthorized(request)) return sendRefusal(response, unauthorized)
      const body = await readBody(request, limits.requestBodyBytes)
      if (!body.ok) {
        if (body.reason === 'too_large') sendRefusal(response, tooLarge, { connection: 'close' })
        return
      }
      const sent = { bytes: body.bytes, contentType: request.headers['content-type'] ?? '' }
      const safe = await safeBody(sent, path)
      if (!safe.ok) {
        return sendRefusal(response, { status: 400, code: 'invalid_body', message: safe.message })
      }
      const target = deps.targetNamed(safe.model)
      if (target === undefined) {
        const message = 'No runtime here serves that model: GET /v1/models names those that do.'
        return sendRefusal(response, { status: 404, code: 'model_not_found', message })
      }
      const release = deps.takesWork()
        ? deps.slots.take(target.runtimeId, target.capacity)
        : undefined
      if (release === undefined) {
        counters.count('rejected_busy')
        return sendRefusal(response, busy)
      }
      counters.count('accepted')
      const contentType = safe.kind === 'form' ? sent.contentType : 'application/json'
      const end = await run({ path, target, bytes: body.bytes, contentType }, response).finally(
        release,
      )
      counters.count(end)
    },
    models: (request, response) => {
      if (!deps.isAuthorized(request)) return sendRefusal(response, unauthorized)
      const data = deps.localNames().map((id) => ({ id, object: 'model', owned_by: 'local' }))
      sendJson(response, 200, { object: 'list', data })
    },
  }
}
