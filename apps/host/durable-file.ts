/**
 * Files that are on the disk when the promise says so. One that is replaced is never met in part, by
 * a reader or after a power cut: what it holds is the old text or the new one.
 */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from './stated-error.ts'

/**
 * Readable by its owner alone; makes the folders above it. Rejects with the old text in place, or with
 * the new one that a power cut may still undo: who cannot do with either writes again.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeSynced(draft, 'w', text)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(path))
}

/** `a` adds to the file, `wx` makes it where there is none. Rejected, a part may have been written. */
export async function writeSynced(
  path: string,
  flags: 'a' | 'w' | 'wx',
  text: string,
): Promise<void> {
  const file = await open(path, flags, 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * What is said where a folder cannot be opened to be synced, for want of the right to read it, and by file
 * systems that sync none: the file itself is written by then.
 */
const cannotSync: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EINVAL',
  'EISDIR',
  'ENOTSUP',
  'EPERM',
])

/** So that a rename outlives a power cut; Windows syncs no folders. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  let folder: FileHandle | undefined
  try {
    folder = await open(path, 'r')
    await folder.sync()
  } catch (error) {
    if (!cannotSync.has(errorCode(error))) throw error
  } finally {
    await folder?.close()
  }
}
