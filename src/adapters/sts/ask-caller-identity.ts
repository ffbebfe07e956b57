/**
 * Asks STS who presigned a question. The address was put together by us; the answer is a stranger's all the
 * same until it is read: bounded in time and size, and no redirect is followed.
 */
import http from 'node:http'
import https from 'node:https'
import * as z from 'zod'
import type { AskCallerIdentity, CallerAnswer } from '../../fleet/launch-role.ts'
import type { StsRequest } from '../../protocol/caller-identity.ts'
import { parseJson } from '../../protocol/json-text.ts'

export type StsOptions = {
  /** Where a test's STS listens. @default the host that the request names, over TLS */
  readonly origin?: string
  /** For the whole exchange. @default 3000 */
  readonly timeoutMs?: number
}

const timeoutMsDefault = 3_000
/** An identity is some 400 bytes. */
const answerBytesMax = 16 * 1024

const Reply = z.object({
  GetCallerIdentityResponse: z.object({
    GetCallerIdentityResult: z.object({ UserId: z.string().max(256) }),
  }),
})

/** Being asked too often comes with the status of a refusal. */
const Fault = z.object({ Error: z.object({ Code: z.string().max(128) }) })

export function makeAskCallerIdentity(options: StsOptions = {}): AskCallerIdentity {
  return async (request) => {
    try {
      const { status, text } = await exchange(request, options)
      return answerOf(status, text)
    } catch (error) {
      return unavailable(error instanceof Error ? error.message : 'fault')
    }
  }
}

const unavailable = (why: string): CallerAnswer => ({ kind: 'unavailable', why })

function answerOf(status: number, text: string): CallerAnswer {
  // So STS refuses signatures and tokens; whatever else goes wrong is no word on the identity.
  if (status === 400 || status === 403) {
    const code = Fault.safeParse(parseJson(text)).data?.Error.Code ?? ''
    return code.startsWith('Throttling') ? unavailable(code) : { kind: 'refused' }
  }
  if (status !== 200) return unavailable(`status ${status}`)
  const reply = Reply.safeParse(parseJson(text))
  if (!reply.success) return unavailable('an answer that names nobody')
  return {
    kind: 'caller',
    userId: reply.data.GetCallerIdentityResponse.GetCallerIdentityResult.UserId,
  }
}

type Exchanged = { readonly status: number; readonly text: string }

function exchange(request: StsRequest, options: StsOptions): Promise<Exchanged> {
  const { protocol, hostname, path, query } = request
  const url = new URL(`${options.origin ?? `${protocol}//${hostname}`}${path}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  // A signature counts the space as %20, which a form would write as a plus.
  url.search = url.search.replaceAll('+', '%20')
  const send = url.protocol === 'http:' ? http.request : https.request
  return new Promise((resolve, reject) => {
    const sent = send(url, {
      method: request.method,
      // STS answers in XML unless it is asked.
      headers: { ...request.headers, accept: 'application/json' },
      signal: AbortSignal.timeout(options.timeoutMs ?? timeoutMsDefault),
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength
        if (bytes > answerBytesMax) sent.destroy(new Error('an answer beyond its bound'))
        else chunks.push(chunk)
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
      })
    })
    sent.end()
  })
}
