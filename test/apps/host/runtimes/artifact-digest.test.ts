import { createHash } from 'node:crypto'
import { mkdtemp, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeArtifactDigests } from '../../../../apps/host/runtimes/artifact-digest.ts'
import type { HashedFile } from '../../../../apps/host/state-file.ts'

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

async function openDigests(
  options: { readonly known?: HashedFile[]; readonly rush?: boolean } = {},
) {
  const path = join(await mkdtemp(join(tmpdir(), 'b3iq-digest-')), 'model.gguf')
  await writeFile(path, 'weights')
  let known = options.known ?? []
  const digests = makeArtifactDigests({
    known: () => known,
    remember: (files) => {
      known = [...files]
    },
    sleep: options.rush ? async () => undefined : () => new Promise(() => undefined),
  })
  return { path, digests, known: () => known }
}

describe('the digest of a model file', () => {
  it('is the SHA-256 of its bytes, remembered', async () => {
    const { path, digests, known } = await openDigests()
    const answer = { state: 'known', digest: digestOf('weights'), sizeBytes: 7 }
    expect(await digests.ofFile(path)).toEqual(answer)
    expect(known()).toMatchObject([{ path, size_bytes: 7, digest: digestOf('weights') }])
  })

  it('is not computed again while path, size and time are the same', async () => {
    const { path, digests, known } = await openDigests()
    await digests.ofFile(path)
    const [file] = known()
    await writeFile(path, 'WEIGHTS')
    const time = (file?.modified_at_ms ?? 0) / 1000
    await utimes(path, time, time)
    expect(await digests.ofFile(path)).toMatchObject({ digest: digestOf('weights') })
  })

  it.each(['longer weights', 'weightz'])('follows the file: "%s"', async (text) => {
    const { path, digests, known } = await openDigests()
    await digests.ofFile(path)
    await writeFile(path, text)
    await utimes(path, 1, 1)
    expect(await digests.ofFile(path)).toMatchObject({ digest: digestOf(text) })
    expect(known()).toHaveLength(1)
  })

  it('is not waited for where the file is large', async () => {
    const { path, digests } = await openDigests({ rush: true })
    const answers = new Set<string>()
    while (!answers.has('known')) answers.add((await digests.ofFile(path)).state)
    expect([...answers]).toEqual(['hashing', 'known'])
  })

  it.each(['/nowhere/model.gguf', tmpdir()])('cannot be had of %s', async (path) => {
    const { digests } = await openDigests()
    expect(await digests.ofFile(path)).toEqual({ state: 'unreadable' })
  })
})
