/**
 * Where a new key goes, which is shown only once: a file for its owner's eyes alone, made before the key
 * is, so that no key is ever without a place.
 */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Fields } from './api.ts'
import { reasonOf } from './local-files.ts'
import { deny, type Outcome, ok, refuse } from './outcome.ts'

/** Never over a file that is there: it may hold a key. Undone when no key comes of it. */
export async function intoSecretFile(
  path: string,
  makeKey: () => Promise<Outcome<Fields>>,
): Promise<Outcome<Fields>> {
  const file = resolve(path)
  const held = await reserve(file)
  if (!held.ok) return held
  const handle = held.value
  let isWritten = false
  try {
    const made = await makeKey()
    if (!made.ok) return made
    const { key, ...shown } = made.value
    if (typeof key !== 'string') return secretLost(made.value)
    const written = await write(handle, `${key}\n`)
    if (!written.ok) {
      return deny(
        `The key ${String(shown.id ?? '')} was made, and ${written.message} Revoke it and make another.`,
      )
    }
    isWritten = true
    return ok({ ...shown, key_file: file })
  } finally {
    await handle.close()
    if (!isWritten) await rm(file, { force: true })
  }
}

/** A reply that was lost on its way is given again without the secret, which nobody kept. */
export const secretLost = ({ id }: Fields): Outcome<never> =>
  deny(
    `The key ${String(id ?? '')} was made by an earlier try, and its secret was in the reply that got lost: revoke it and make another.`,
  )

async function write(handle: FileHandle, text: string): Promise<Outcome<undefined>> {
  try {
    await handle.writeFile(text)
    await handle.sync()
    return ok(undefined)
  } catch (error) {
    return refuse(`its file cannot be written: ${reasonOf(error)}.`)
  }
}

async function reserve(file: string) {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    return ok(await open(file, 'wx', 0o600))
  } catch (error) {
    return refuse(`${file} cannot be written: ${reasonOf(error)}. Name another file.`)
  }
}
