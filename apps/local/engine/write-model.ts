// Writes the demo model to a file, its tokenizer and the model that embeds beside it: `npm run model -- <file>`.
// Each appears whole or not at all.

import { createHash, randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { demoModel, embeddingVariant, type ModelVariant } from './demo-model.ts'
import { demoTokenizer } from './demo-tokenizer.ts'
import { encodeGguf } from './gguf.ts'

/** `bytes` is the file's size; `sha256` its digest in lower-case hex, the same on every machine. */
export type WrittenModel = { readonly bytes: number; readonly sha256: string }

/** Replaces `path`. Throws the file system's error when the folder cannot be written. */
export const writeDemoModel = async (
  path: string,
  variant?: ModelVariant,
): Promise<WrittenModel> => {
  const content = encodeGguf(demoModel(variant))
  await writeWhole(path, content)
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}

/** Replaces `path`, as the model is written. */
export const writeDemoTokenizer = (path: string): Promise<void> => writeWhole(path, demoTokenizer)

const writeWhole = async (path: string, content: Uint8Array): Promise<void> => {
  const unfinished = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    await writeFile(unfinished, content, { flag: 'wx' })
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; create the folder first',
  ENOTDIR: 'its folder is not a folder; choose another path',
  EACCES: 'its folder cannot be written; choose another or change its permissions',
  EPERM: 'its folder cannot be written; choose another or change its permissions',
  EROFS: 'its folder is on a read-only file system; choose another',
  EISDIR: 'it is a folder; name a file in it',
  ENOSPC: 'the disk is full; free some space',
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return reasons[code] ?? error.message
}

/** `demo.gguf` has its tokenizer in `demo.tokenizer.json`, and beside it is `demo-embed.gguf`. */
const beside = (file: string, ending: string): string =>
  join(dirname(file), `${basename(file, '.gguf')}${ending}`)

const main = async (args: readonly string[]): Promise<number> => {
  const [path, ...rest] = args
  if (path === undefined || path.startsWith('-') || rest.length > 0) {
    console.error('Name the one file to write: npm run model -- demo.gguf')
    return 1
  }
  const file = resolve(path)
  try {
    const { bytes, sha256 } = await writeDemoModel(file)
    await writeDemoTokenizer(beside(file, '.tokenizer.json'))
    await writeDemoModel(beside(file, '-embed.gguf'), embeddingVariant)
    console.log(`${file}\n${bytes} bytes\nsha256 ${sha256}`)
    return 0
  } catch (error) {
    console.error(`The model cannot be written to ${file}: ${reasonOf(error)}.`)
    return 1
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
