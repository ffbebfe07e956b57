/** The form in which audio comes: read by the platform's own parser, written with another model name. */
import type { SentBody } from './request-body.ts'

/** More than the endpoint has, some of them lists. */
const fieldsMax = 32

/** Undefined for what is no form, or one without exactly one file, under the name `file`. */
export async function readForm({ bytes, contentType }: SentBody): Promise<FormData | undefined> {
  if (!contentType.startsWith('multipart/form-data')) return undefined
  const form = await parse(bytes, contentType)
  if (form === undefined) return undefined
  const fields = [...form]
  const files = fields.filter(([, value]) => typeof value !== 'string')
  const isAudio = files.length === 1 && files[0]?.[0] === 'file' && fields.length <= fieldsMax
  return isAudio ? form : undefined
}

export async function writeForm(form: FormData, model: string): Promise<SentBody> {
  const renamed = new FormData()
  for (const [name, value] of form) {
    if (name === 'model') continue
    if (typeof value === 'string') renamed.append(name, value)
    else renamed.append(name, value, value.name)
  }
  renamed.set('model', model)
  // The parts get another boundary, and only the reply that is made of them knows it.
  const written = new Response(renamed)
  return {
    bytes: Buffer.from(await written.arrayBuffer()),
    contentType: written.headers.get('content-type') ?? '',
  }
}

async function parse(bytes: Buffer, contentType: string): Promise<FormData | undefined> {
  try {
    const headers = { 'content-type': contentType }
    return await new Response(new Uint8Array(bytes), { headers }).formData()
  } catch {
    return undefined
  }
}
