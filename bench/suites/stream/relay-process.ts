/**
 * What a stream costs in Node without anything that is paid for. `parse` reads each frame, puts names of its own
 * into it and writes it again, and hands on at once what one read brought; `pipe` looks at nothing.
 */
import http from 'node:http'
import { parseArgs } from 'node:util'
import * as z from 'zod'

const Options = z.object({
  mode: z.enum(['parse', 'pipe']),
  upstream: z.url(),
  port: z.coerce.number().int(),
})
const { values } = parseArgs({
  options: {
    mode: { type: 'string' },
    upstream: { type: 'string' },
    port: { type: 'string' },
  },
})
const { mode, upstream, port } = Options.parse(values)

const agent = new http.Agent({ keepAlive: true })
const prefix = 'data: '

const server = http.createServer((request, response) => {
  const { 'content-length': length = '0' } = request.headers
  const headers = { 'content-type': 'application/json', 'content-length': length }
  const asked = http.request(
    new URL(request.url ?? '/', upstream),
    { method: 'POST', agent, headers },
    (reply) => {
      response.writeHead(reply.statusCode ?? 502, { 'content-type': 'text/event-stream' })
      if (mode === 'pipe') reply.pipe(response)
      else relayFrames(reply, response)
    },
  )
  asked.on('error', () => response.destroy())
  response.on('close', () => asked.destroy())
  request.pipe(asked)
})
server.listen(port, '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))

function relayFrames(reply: http.IncomingMessage, response: http.ServerResponse): void {
  let rest = ''
  reply.setEncoding('utf8')
  reply.on('data', (text: string) => {
    const frames = `${rest}${text}`.split('\n\n')
    rest = frames.pop() ?? ''
    let written = ''
    for (const frame of frames) written += `${rewritten(frame)}\n\n`
    if (written === '' || response.write(written)) return
    reply.pause()
    response.once('drain', () => reply.resume())
  })
  reply.on('end', () => response.end(rest))
}

function rewritten(frame: string): string {
  if (!frame.startsWith(`${prefix}{`)) return frame
  const chunk: object = JSON.parse(frame.slice(prefix.length))
  return `${prefix}${JSON.stringify({ ...chunk, id: 'chatcmpl-relay', model: 'maker/model' })}`
}
