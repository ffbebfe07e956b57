/** Proves that a model file is here and whole where it matters: hashes of parts that a nonce draws. */
import { open } from 'node:fs/promises'
import { hashRanges, rangeHash } from '../../../src/protocol/hash-ranges.ts'
import type { JobArgs } from '../../../src/protocol/job.ts'
import type { Ground, Outcome, Run } from './ground.ts'

export async function hashModel(
  { artifact_digest, nonce }: JobArgs<'model.hash_range'>,
  ground: Ground,
  { signal }: Run,
): Promise<Outcome> {
  const file = ground.fileOf(artifact_digest)
  if (file === undefined) return { kind: 'rejected', reason: 'no_such_file' }
  const handle = await open(file.path, 'r').catch(() => undefined)
  if (handle === undefined) return { kind: 'failed', reason: 'file_unreadable' }
  try {
    const { size } = await handle.stat()
    if (size !== file.sizeBytes) return { kind: 'failed', reason: 'file_changed' }
    const hashes: string[] = []
    for (const [index, { offset, length }] of hashRanges(nonce, size).entries()) {
      if (signal.aborted) return { kind: 'failed', reason: 'aborted' }
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
      if (bytesRead !== length) return { kind: 'failed', reason: 'file_changed' }
      hashes.push(rangeHash(nonce, index, buffer))
    }
    return { kind: 'succeeded', output: { size_bytes: size, hashes } }
  } finally {
    await handle.close()
  }
}
