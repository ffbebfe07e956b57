/**
 * The digest of a model file on this machine. Hashing tens of gigabytes takes minutes, so it runs
 * beside everything else, one file at a time, and is remembered by path, size and time.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Sleep } from '../../../src/protocol/clock.ts'
import type { HashedFile } from '../state-file.ts'

export type FileDigest =
  | { readonly state: 'known'; readonly digest: string; readonly sizeBytes: number }
  /** Ask again at the next poll. */
  | { readonly state: 'hashing' }
  /** Not a file of this machine, or not one that we may read. */
  | { readonly state: 'unreadable' }

export type ArtifactDigests = { readonly ofFile: (path: string) => Promise<FileDigest> }

const filesMax = 64
/** A small model is known within the poll that finds it. */
const patienceMs = 1_000
const readBytes = 1024 * 1024

export function makeArtifactDigests(deps: {
  readonly known: () => readonly HashedFile[]
  readonly remember: (files: readonly HashedFile[]) => void
  readonly sleep: Sleep
}): ArtifactDigests {
  const running = new Map<string, Promise<FileDigest>>()
  let previous: Promise<unknown> = Promise.resolve()

  async function hash(path: string): Promise<FileDigest> {
    try {
      const before = await fileFacts(path)
      const digest = await hashFile(path)
      const after = await fileFacts(path)
      if (!sameFile(before, after)) return { state: 'hashing' }
      const entry = { ...after, digest }
      const others = deps.known().filter((file) => file.path !== path)
      deps.remember([entry, ...others].slice(0, filesMax))
      return { state: 'known', digest, sizeBytes: after.size_bytes }
    } catch {
      return { state: 'unreadable' }
    }
  }

  function start(path: string): Promise<FileDigest> {
    const already = running.get(path)
    if (already !== undefined) return already
    const hashing = previous.then(() => hash(path)).finally(() => running.delete(path))
    previous = hashing
    running.set(path, hashing)
    return hashing
  }

  return {
    ofFile: async (path) => {
      let facts: FileFacts
      try {
        facts = await fileFacts(path)
      } catch {
        return { state: 'unreadable' }
      }
      const known = deps.known().find((file) => sameFile(file, facts))
      if (known !== undefined) {
        return { state: 'known', digest: known.digest, sizeBytes: known.size_bytes }
      }
      const done = new AbortController()
      const patience = deps.sleep(patienceMs, done.signal)
      const late = patience.then((): FileDigest => ({ state: 'hashing' }))
      return Promise.race([start(path), late]).finally(() => done.abort())
    },
  }
}

/** What is known already, for those who look and go: a file that is not known counts as hashing. */
export const rememberedDigests = (known: readonly HashedFile[]): ArtifactDigests => ({
  ofFile: async (path) => {
    const facts = await fileFacts(path).catch(() => undefined)
    if (facts === undefined) return { state: 'unreadable' }
    const file = known.find((one) => sameFile(one, facts))
    if (file === undefined) return { state: 'hashing' }
    return { state: 'known', digest: file.digest, sizeBytes: file.size_bytes }
  },
})

type FileFacts = Pick<HashedFile, 'path' | 'size_bytes' | 'modified_at_ms'>

async function fileFacts(path: string): Promise<FileFacts> {
  const facts = await stat(path)
  if (!facts.isFile()) throw new Error('not a regular file')
  return { path, size_bytes: facts.size, modified_at_ms: facts.mtimeMs }
}

function sameFile(one: FileFacts, other: FileFacts): boolean {
  return (
    one.path === other.path &&
    one.size_bytes === other.size_bytes &&
    one.modified_at_ms === other.modified_at_ms
  )
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: readBytes })) {
    hash.update(piece)
  }
  return `sha256:${hash.digest('hex')}`
}
