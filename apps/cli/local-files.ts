/** Everything that the command line reads from disk, within bounds of size. */
import { createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import * as z from 'zod'
import { type Outcome, ok, refuse } from './outcome.ts'
import { parseDocument } from './parse-document.ts'

/** Many times the size of a receipt with its claim, or of decades of published keys. */
const bytesMax = 1024 * 1024
/** A pipe may never end. */
const readTimeoutMs = 10_000

const ReadyFile = z.object({ gatewayUrl: z.url() })

export async function readDocument<T>(
  path: string,
  schema: z.ZodType<T>,
  kind: string,
): Promise<Outcome<T>> {
  const text = await readText(path)
  return text.ok ? parseDocument(text.value, schema, { source: path, kind }) : text
}

/** The API key that a file holds alone. The refusal never quotes what the file says. */
export async function readApiKey(path: string): Promise<Outcome<string>> {
  const text = await readText(path)
  if (!text.ok) return text
  const key = text.value.trim()
  return /^[\x21-\x7e]{1,256}$/.test(key)
    ? ok(key)
    : refuse(`${path} is not a key file: it must hold one API key and nothing else.`)
}

/** Undefined unless the laptop stack has left word of where its gateway listens. */
export async function readyGatewayUrl(readyFile: string): Promise<string | undefined> {
  const ready = await readDocument(readyFile, ReadyFile, 'a ready file')
  return ready.ok ? ready.value.gatewayUrl : undefined
}

/** False where there is no such file; whatever else is wrong with it shows when it is read. */
export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT',
  )
}

/** `fileBytesMax` bounds what is taken in. */
export async function readText(path: string, fileBytesMax = bytesMax): Promise<Outcome<string>> {
  try {
    const signal = AbortSignal.timeout(readTimeoutMs)
    // One byte above the bound tells a file that reaches it from one that exceeds it.
    const bytes = await buffer(createReadStream(path, { end: fileBytesMax, signal }))
    if (bytes.length > fileBytesMax) return refuse(`${path} is larger than ${fileBytesMax} bytes.`)
    return ok(bytes.toString('utf8'))
  } catch (error) {
    return refuse(`${path} cannot be read: ${reasonOf(error)}.`)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'its permissions do not allow it',
  EEXIST: 'there is such a file already',
  ENOTDIR: 'a part of its path is no folder',
  ABORT_ERR: 'it did not end in time',
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return reasons[codeOf(error)] ?? error.message
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
