/** The inference server that the project ships, as a process of its own, before the demo model. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import * as z from 'zod'

const Ready = z.object({ port: z.int(), engine: z.string() })

/** `isInference` is false where this platform has no binary and a script stands in. */
export async function startShippedEngine(
  flags: readonly string[] = [],
  { embeds = false }: { readonly embeds?: boolean } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-shipped-'))
  const path = join(folder, 'demo-F32.gguf')
  const writer = spawn(process.execPath, ['apps/local/engine/write-model.ts', path])
  const [, digest] = /sha256 ([0-9a-f]{64})/.exec(await text(writer.stdout)) ?? []
  const server = spawn(process.execPath, [
    ...['apps/local/engine/serve.ts', '--model', path, '--port', '0', '--alias', 'demo'],
    ...(embeds ? ['--embedding-model', join(folder, 'demo-F32-embed.gguf')] : []),
    ...flags,
  ])
  onTestFinished(async () => {
    server.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const [line] = await once(createInterface(server.stdout), 'line')
  const { port, engine } = Ready.parse(JSON.parse(String(line)))
  return {
    url: `http://127.0.0.1:${port}`,
    digest: `sha256:${digest}`,
    isInference: engine === 'llama.cpp',
  }
}
