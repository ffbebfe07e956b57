/**
 * One invocation as the caller of a function URL sees it: the status and headers in front of a streamed
 * answer, its text as it grows, and how it ended.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import * as z from 'zod'
import { makeLatch } from '../../support/host-answers.ts'
import type { Fault } from './runtime-api.ts'

export type Ending =
  | { readonly kind: 'answered'; readonly trailers: Readonly<NodeJS.Dict<string>> }
  | { readonly kind: 'failed'; readonly fault: Fault }
  /** The connection broke before the answer's end; the service then resets the caller's. */
  | { readonly kind: 'cut' }

export type Invocation = ReturnType<typeof makeInvocation>

const Prelude = z.object({
  statusCode: z.int(),
  headers: z.record(z.string(), z.string()),
  cookies: z.array(z.string()).optional(),
})
export type Prelude = z.infer<typeof Prelude>

const streamedType = 'application/vnd.awslambda.http-integration-response'
const separator = Buffer.alloc(8)
const answerBytesMax = 32 * 1024 * 1024
const endsWithinMs = 20_000

export function makeInvocation(id: string) {
  let headers: IncomingHttpHeaders = {}
  let bytes: Buffer = Buffer.alloc(0)
  let ending: Ending | undefined
  let grown = makeLatch()

  function tell(): void {
    grown.open()
    grown = makeLatch()
  }
  function end(how: Ending): void {
    ending ??= how
    tell()
  }

  const isStreamed = () => headers['content-type'] === streamedType
  /** Undefined before the whole prelude is there. */
  function prelude(): Prelude | undefined {
    const at = bytes.indexOf(separator)
    return isStreamed() && at >= 0
      ? Prelude.parse(JSON.parse(bytes.toString('utf8', 0, at)))
      : undefined
  }
  function body(): string {
    if (!isStreamed()) return bytes.toString('utf8')
    const at = bytes.indexOf(separator)
    return at < 0 ? '' : bytes.toString('utf8', at + separator.byteLength)
  }

  async function until<Value>(what: string, found: () => Value | undefined): Promise<Value> {
    const deadlineMs = Date.now() + endsWithinMs
    for (;;) {
      const value = found()
      if (value !== undefined) return value
      const leftMs = deadlineMs - Date.now()
      if (ending !== undefined || leftMs <= 0) {
        throw new Error(`There was no ${what}; the answer: ${JSON.stringify(ending)} ${body()}`)
      }
      const timer = setTimeout(tell, leftMs)
      await grown.opened
      clearTimeout(timer)
    }
  }

  let trailers: Readonly<NodeJS.Dict<string>> = {}
  return {
    id,
    isOver: () => ending !== undefined,
    /** How the runtime sends its answer. */
    responseMode: () => headers['lambda-runtime-function-response-mode'] ?? 'buffered',
    /** Resolves as soon as status and headers are known. */
    head: () => until('status and headers', prelude),
    /** Resolves as soon as the body has this text, while more of it may come. */
    says: (part: string) => until(part, () => (body().includes(part) ? true : undefined)),
    /** Resolves with the last byte. The processes are frozen by then. */
    ended: () => until('end', () => ending),
    body,

    // The side of the API.
    /** Rejects where the connection breaks. */
    async take(request: IncomingMessage): Promise<void> {
      headers = request.headers
      for await (const chunk of request) {
        bytes = Buffer.concat([bytes, z.instanceof(Buffer).parse(chunk)])
        if (bytes.byteLength > answerBytesMax) throw new Error('the answer does not end')
        tell()
      }
      trailers = request.trailers
    },
    end: () => end({ kind: 'answered', trailers }),
    fail: (fault: Fault) => end({ kind: 'failed', fault }),
    cut: () => end({ kind: 'cut' }),
  }
}
