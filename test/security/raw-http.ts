/** HTTP as a socket carries it, for what no client library would send. */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type RawReply = { readonly status: number; readonly head: string; readonly body: string }

const waitMs = 5_000

/** Sends the parts, `everyMs` apart, and reads one reply; throws where none comes in time. */
export async function rawExchange(
  url: string,
  parts: Iterable<string>,
  everyMs = 0,
): Promise<RawReply> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let received = ''
  const replied = new Promise<RawReply>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no reply but ${received}`)), waitMs)
    const look = (isOver: boolean) => {
      const reply = replyIn(received)
      if (reply) resolve(reply)
      else if (isOver) reject(new Error(`the connection ended with ${received}`))
      if (reply || isOver) clearTimeout(late)
    }
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString()
      look(false)
    })
    socket.on('close', () => look(true))
    // A server that has answered may reset what goes on sending.
    socket.on('error', () => undefined)
  })
  try {
    const sending = (async () => {
      for (const part of parts) {
        if (socket.destroyed) return
        socket.write(part)
        if (everyMs > 0) await sleep(everyMs)
      }
    })()
    const reply = await replied
    socket.destroy()
    await sending
    return reply
  } finally {
    socket.destroy()
  }
}

/** Undefined until it is whole. */
function replyIn(text: string): RawReply | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const body = text.slice(end + 4)
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
  if (Buffer.byteLength(body) < length) return undefined
  return { status: Number(head.split(' ')[1]), head, body: body.slice(0, length) }
}
