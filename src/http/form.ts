/**
 * Forms (`multipart/form-data`) from strangers, and forms of our own. A body is bounded before it is parsed, in
 * bytes and in parts; what is written has a boundary that is a hash of all that it holds, so that no part can
 * pretend to be another.
 */
import { sha256Hex } from '../protocol/canonical.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { mediaTypeOf, readBytes } from './read-json.ts'

export type FormPart = {
  readonly name: string
  readonly value: string | { readonly filename: string; readonly bytes: Uint8Array }
}

/** The parts in their order. */
export async function readForm(
  request: Request,
  maxBytes: number,
): Promise<Result<readonly FormPart[]>> {
  const contentType = request.headers.get('content-type') ?? ''
  if (mediaTypeOf(request) !== 'multipart/form-data') {
    return refuse('unsupported_media_type', { message: 'Send the body as multipart/form-data.' })
  }
  const body = await readBytes(request, maxBytes)
  if (!body.ok) return body
  const boundary = boundaryIn(contentType)
  if (boundary === undefined) return notAForm
  const parts = partsIn(body.value, boundary)
  if (parts > limits.formFields) {
    const message = `The form has more than ${limits.formFields} fields.`
    return refuse('invalid_value', { message })
  }
  try {
    // The parser must see the boundary that was counted by, whatever else the header says.
    const form = await new Response(new Uint8Array(body.value), {
      headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` },
    }).formData()
    return ok(await Promise.all([...form].map(toPart)))
  } catch {
    return notAForm
  }
}

const notAForm = refuse('invalid_value', { message: 'The body is not a valid multipart form.' })

/** Of RFC 2046's characters; undefined where it is no boundary. */
function boundaryIn(contentType: string): string | undefined {
  const found = /;\s*boundary=(?:"([^"]*)"|([^;\s]*))/i.exec(contentType)
  const boundary = found?.[1] ?? found?.[2] ?? ''
  return /^[\w'()+,./:=? -]{1,70}$/.test(boundary) ? boundary : undefined
}

/** As its bytes, and the type to send them with. */
export function writeForm(parts: readonly FormPart[]): {
  readonly bytes: Buffer
  readonly contentType: string
} {
  const boundary = sha256Hex(parts.map(digestOf).join())
  const pieces = parts.flatMap(({ name, value }) => {
    const head = `--${boundary}\r\ncontent-disposition: form-data; name="${escaped(name)}"`
    if (typeof value === 'string') return [`${head}\r\n\r\n`, value, '\r\n']
    const filename = `; filename="${escaped(value.filename)}"`
    return [
      `${head}${filename}\r\ncontent-type: application/octet-stream\r\n\r\n`,
      value.bytes,
      '\r\n',
    ]
  })
  const bytes = Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)))
  return { bytes, contentType: `multipart/form-data; boundary=${boundary}` }
}

/** Marks of parts, counted no further than matters. */
function partsIn(body: Buffer, boundary: string): number {
  const mark = `--${boundary}`
  let count = 0
  // The last mark ends the form.
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) {
    count += 1
    if (count > limits.formFields + 1) break
  }
  return count - 1
}

async function toPart([name, value]: [string, string | File]): Promise<FormPart> {
  if (typeof value === 'string') return { name, value }
  return { name, value: { filename: value.name, bytes: await value.bytes() } }
}

const digestOf = ({ name, value }: FormPart): string =>
  typeof value === 'string'
    ? sha256Hex(JSON.stringify([name, value]))
    : sha256Hex(JSON.stringify([name, value.filename, sha256Hex(value.bytes)]))

/** As browsers do. */
const escaped = (name: string): string =>
  name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
