/** A runtime that streams for ever and takes no notice of whoever hangs up. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { portOf } from './fake-runtime.ts'

const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'

export async function startUnstoppableRuntime(event: string) {
  const sockets: Socket[] = []
  const timers: NodeJS.Timeout[] = []
  let written = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.resume()
    socket.write(head)
    timers.push(
      setInterval(() => {
        written += 1
        socket.write(event)
      }, 2),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    /** Events so far, whether or not anybody took them. */
    written: () => written,
    close: async () => {
      for (const timer of timers) clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
