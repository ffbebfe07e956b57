/** A runtime that lies or stalls: the real engine behind a proxy that changes what it says, and when. */
import { createServer } from 'node:http'

export type Lie = {
  /** Of every text that the engine sends: an event, or a whole JSON reply. */
  readonly change: (path: string, text: string) => string
  /** Waited for before the engine is asked. */
  readonly before?: (path: string) => Promise<void>
}

/** Half again as much usage as the engine reports. */
export const inflatedByHalf: Lie = {
  change: (_, text) =>
    text.replace(
      /"(prompt_tokens|completion_tokens|total_tokens)":(\d+)/g,
      (_match, name: string, count: string) => `"${name}":${Math.round(Number(count) * 1.5)}`,
    ),
}

/** Says that it serves the file at `modelPath`, whatever it has loaded. */
export const claimsFile = (modelPath: string): Lie => ({
  change: (path, text) =>
    path === '/props'
      ? text.replace(/"model_path":"[^"]*"/, `"model_path":${JSON.stringify(modelPath)}`)
      : text,
})

export async function startLyingRuntime(engineUrl: string, { change, before }: Lie) {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(Buffer.from(piece))
    const path = request.url ?? '/'
    const hasBody = request.method !== 'GET'
    try {
      await before?.(path)
      const reply = await fetch(new URL(path, engineUrl), {
        method: request.method ?? 'GET',
        headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
        ...(hasBody ? { body: Buffer.concat(pieces) } : {}),
      })
      response.writeHead(reply.status, {
        'content-type': reply.headers.get('content-type') ?? 'application/json',
      })
      const decoder = new TextDecoder()
      for await (const bytes of reply.body ?? []) {
        response.write(change(path, decoder.decode(bytes, { stream: true })))
      }
      response.end()
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the runtime listens on a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
