import { createHash } from 'node:crypto'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  artifactBytesMax,
  artifactFileName,
  makeArtifactFolder,
} from '../../../src/adapters/artifacts/artifact-folder.ts'

const folder = await mkdtemp(join(tmpdir(), 'b3iq-artifacts-'))
afterAll(() => rm(folder, { recursive: true }))
const { readArtifact } = makeArtifactFolder(folder)

const digestOf = (content: string) => `sha256:${createHash('sha256').update(content).digest('hex')}`
const pathOf = (digest: string) => join(folder, artifactFileName(digest))

test('an artifact is read by its digest', async () => {
  const content = 'tokenizer '.repeat(50_000)
  await writeFile(pathOf(digestOf(content)), content)
  expect((await readArtifact(digestOf(content)))?.toString()).toBe(content)
})

test('what is not kept is undefined, also where there is no folder', async () => {
  expect(await readArtifact(digestOf('nothing'))).toBeUndefined()
  const nowhere = makeArtifactFolder(join(folder, 'nowhere'))
  expect(await nowhere.readArtifact(digestOf('nothing'))).toBeUndefined()
})

test('a file that is not what its name says is not given out', async () => {
  await writeFile(pathOf(digestOf('genuine')), 'changed')
  await expect(readArtifact(digestOf('genuine'))).rejects.toThrow(
    `The file of the artifact ${digestOf('genuine')} has the digest ${digestOf('changed')}`,
  )
})

test('a file beyond the bound is not read', async () => {
  await writeFile(pathOf(digestOf('large')), '')
  await truncate(pathOf(digestOf('large')), artifactBytesMax + 1)
  await expect(readArtifact(digestOf('large'))).rejects.toThrow('has more than 33554432 bytes')
})

test('a name that is no digest leads nowhere', async () => {
  await expect(readArtifact('../secrets.json')).rejects.toThrow('named by its digest')
})
