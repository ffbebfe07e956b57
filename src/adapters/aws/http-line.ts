/** One kept connection: a request goes out, its reply comes back, then the next. Never two at once. */
import type { Socket } from 'node:net'
import { assert } from '../../protocol/assert.ts'
import { AwsError, lostNames } from './aws-error.ts'
import { type HttpReply, makeReplyReader } from './http-reply.ts'

export type HttpLine = {
  /** Rejects with an `AwsError` by one of `lostNames`; the line is of no more use then. */
  readonly exchange: (request: string) => Promise<HttpReply>
  readonly isOpen: () => boolean
  readonly destroy: () => void
}

type Exchange = {
  readonly read: ReturnType<typeof makeReplyReader>
  readonly resolve: (reply: HttpReply) => void
  readonly reject: (error: Error) => void
}

/** A socket that is connecting takes its request already. */
export function makeHttpLine(
  socket: Socket,
  { host, replyBytes }: { readonly host: string; readonly replyBytes: number },
): HttpLine {
  let current: Exchange | undefined

  const lose = (name: string, message: string, cause?: unknown): void => {
    const lost = current
    current = undefined
    socket.destroy()
    lost?.reject(new AwsError(name, { message, cause }))
  }
  const broken = (cause?: Error): void =>
    lose(
      lostNames.connection,
      `The connection to ${host} failed: ${cause?.message ?? 'it was closed'}.`,
      cause,
    )

  socket.setNoDelay(true)
  socket.on('error', broken)
  socket.on('close', () => broken())
  socket.on('end', () => broken())
  socket.on('data', (bytes) => {
    // Whatever comes without a request would be taken for the reply to the next one.
    if (!current) return socket.destroy()
    try {
      const reply = current.read(bytes)
      if (!reply) return undefined
      const { resolve } = current
      current = undefined
      if (!reply.keepsOpen) socket.destroy()
      // An idle connection keeps no process alive.
      else socket.unref()
      resolve(reply)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'it cannot be read'
      lose(lostNames.unreadable, `${host} sent no usable reply: ${why}.`, cause)
    }
    return undefined
  })

  return {
    exchange: (request) =>
      new Promise((resolve, reject) => {
        assert(!current, 'a line carries one request at a time')
        current = { read: makeReplyReader(replyBytes), resolve, reject }
        socket.ref()
        // Head and body leave in one write, so that a small request is one packet.
        socket.write(request)
      }),
    isOpen: () => !socket.destroyed && socket.writable,
    destroy: () => broken(new Error('it was given up')),
  }
}
