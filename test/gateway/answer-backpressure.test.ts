// From a runtime through its agent and the gateway to a client, over real sockets: whoever reads
// slowly is waited for by all of them, and what lies between them is bounded.
import { once } from 'node:events'
import { connect } from 'node:net'
import { serve } from '@hono/node-server'
import { expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { startTimer } from '../../src/adapters/system.ts'
import { hostEvents } from '../../src/dispatch/host-events.ts'
import { makeFrames, toSseBody } from '../../src/gateway/answer-stream.ts'
import type { CompletionEvent } from '../../src/gateway/completion-event.ts'
import { makeRelay } from '../../src/gateway/relay.ts'
import { content, done, stop } from '../apps/host/support/fake-runtime.ts'
import { openWorld } from '../apps/host/support/host-world.ts'
import { finished, identity } from '../support/settled-request.ts'

const block = content('x'.repeat(64 * 1024))
const blocks = 600
const wholeBytes = blocks * block.length
/** Three connections, whose two ends Linux lets grow to 10 MB, and streams of less than 1 MB. */
const betweenBytesMax = 32 * 1024 * 1024

async function* completionOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<CompletionEvent> {
  const relay = makeRelay(identity)
  for await (const batch of hostEvents(body)) {
    for (const event of batch) {
      if (event.kind === 'chunk') yield { kind: 'chunks', chunks: relay.take(event.chunk) }
    }
  }
  yield finished(...relay.totals().finishReasons)
}

test('a client that does not read stops the runtime, and then has it all', {
  timeout: 40_000,
}, async () => {
  const pieces = [...Array<string>(blocks).fill(block), stop, done]
  const { runtime, dispatch } = await openWorld({ reply: { pieces } })
  const server = serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async () => {
      const { response } = await dispatch()
      if (response.body === null) throw new Error('the agent sent no body')
      const framesOf = makeFrames({ identity, includeUsage: false })
      const options = { framesOf, pingInMs: 5_000, startTimer }
      const gone = { onClientGone: () => undefined }
      return new Response(toSseBody(completionOf(response.body), { ...options, ...gone }))
    },
  })
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = z.object({ port: z.int() }).parse(server.address())

  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n')
  let written = 0
  let sameFor = 0
  // On a busy machine the runtime may stand for a moment before anything is full.
  await vi.waitFor(
    () => {
      sameFor = written > 0 && written === runtime.written() ? sameFor + 1 : 0
      written = runtime.written()
      expect(sameFor).toBeGreaterThanOrEqual(5)
    },
    { timeout: 20_000, interval: 100 },
  )
  expect(written).toBeLessThan(betweenBytesMax)

  let received = 0
  let tail = ''
  socket.on('data', (piece) => {
    received += piece.byteLength
    tail = (tail + piece.toString('latin1')).slice(-100)
  })
  socket.resume()
  await once(socket, 'close')
  expect(runtime.written()).toBeGreaterThan(wholeBytes)
  expect(received).toBeGreaterThan(wholeBytes)
  expect(tail).toContain('data: [DONE]')
})
