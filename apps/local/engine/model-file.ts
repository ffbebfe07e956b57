// Looks at a model file before llama.cpp loads it, so that a wrong path or another model is
// answered with a sentence instead of a loader's log.

import { open, stat } from 'node:fs/promises'

/** How a GGUF version 3 file begins. */
const magic = Buffer.from('GGUF\x03\0\0\0', 'latin1')

const advice = 'write one with: npm run model -- <file>'

export type ModelFile =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly message: string }

export const inspectModelFile = async (path: string): Promise<ModelFile> => {
  const bad = (message: string): ModelFile => ({ ok: false, message })
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return bad(`There is no model file ${path}; ${advice}`)
  if (!found.isFile()) return bad(`${path} is not a file; ${advice}`)
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return bad(`${path} cannot be read; check its permissions`)
  try {
    const { buffer } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0)
    return buffer.equals(magic)
      ? { ok: true, bytes: found.size }
      : bad(`${path} is not a GGUF version 3 file; ${advice}`)
  } finally {
    await file.close()
  }
}
