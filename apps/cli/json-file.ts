/** A JSON object that the user hands over, from a file or through a pipe. */
import * as z from 'zod'
import type { Fields } from './api.ts'
import { readText } from './local-files.ts'
import { type Outcome, refuse } from './outcome.ts'
import { parseDocument } from './parse-document.ts'
import type { World } from './world.ts'

/** The largest body that any of our APIs takes is 4 MB. */
const bytesMax = 8 * 1024 * 1024

const AnyObject = z.record(z.string(), z.unknown())

/** `-` stands for what is piped in. */
export async function readJson(path: string, world: World): Promise<Outcome<Fields>> {
  const text = path === '-' ? await readPiped(world) : await readText(path, bytesMax)
  const source = path === '-' ? 'What was piped in' : path
  return text.ok ? parseDocument(text.value, AnyObject, { source, kind: 'a JSON object' }) : text
}

export async function readPiped({ stdin }: Pick<World, 'stdin'>): Promise<Outcome<string>> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of stdin) {
    bytes += piece.byteLength
    if (bytes > bytesMax) return refuse(`What was piped in is larger than ${bytesMax} bytes.`)
    pieces.push(piece)
  }
  return { ok: true, value: Buffer.concat(pieces).toString('utf8') }
}
