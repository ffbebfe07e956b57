/** Artifacts as files of one folder, each named by its digest and checked against it when it is read. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArtifactStore } from '../../metering/ports.ts'
import { assert } from '../../protocol/assert.ts'

/** The largest tokenizers in use have 33 MB as JSON, most a third of it. */
export const artifactBytesMax = 32 * 1024 * 1024

/** A colon is no part of a file name on every system. */
export const artifactFileName = (digest: string): string => digest.replace(':', '-')

export const makeArtifactFolder = (folder: string): ArtifactStore => ({
  readArtifact: async (digest) => {
    assert(/^sha256:[0-9a-f]{64}$/.test(digest), 'an artifact is named by its digest', { digest })
    const path = join(folder, artifactFileName(digest))
    const chunks: Buffer[] = []
    const hash = createHash('sha256')
    try {
      const { size } = await stat(path)
      if (size > artifactBytesMax) {
        throw new Error(`The artifact ${digest} has more than ${artifactBytesMax} bytes.`)
      }
      // In chunks, so that reading and hashing leave the thread to others in between.
      for await (const chunk of createReadStream(path, { end: artifactBytesMax - 1 })) {
        hash.update(chunk)
        chunks.push(chunk)
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
    const found = `sha256:${hash.digest('hex')}`
    if (found === digest) return Buffer.concat(chunks)
    throw new Error(
      `The file of the artifact ${digest} has the digest ${found}: put it there again.`,
    )
  },
})

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
