import { chmod, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { replaceFile, syncFolder } from '../../../apps/host/durable-file.ts'

const aFolder = () => mkdtemp(join(tmpdir(), 'b3iq-durable-'))

describe('a file that is replaced', () => {
  test('holds the new text, for its owner alone, and no draft stays behind', async () => {
    const folder = await aFolder()
    const path = join(folder, 'note.json')
    await writeFile(path, 'old', { mode: 0o644 })
    await replaceFile(path, 'new')
    expect(await readFile(path, 'utf8')).toBe('new')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['note.json'])
  })

  test('is made with the folders above it', async () => {
    const path = join(await aFolder(), 'state', 'of', 'host.json')
    await replaceFile(path, 'new')
    expect(await readFile(path, 'utf8')).toBe('new')
  })

  test('stays as it was where the new one cannot take its place', async () => {
    const folder = await aFolder()
    const path = join(folder, 'taken')
    await mkdir(join(path, 'by-a-folder'), { recursive: true })
    await expect(replaceFile(path, 'new')).rejects.toThrow()
    expect(await readdir(folder)).toEqual(['taken'])
  })
})

describe('a folder that may be written but not read', () => {
  test('takes a file all the same', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root reads whatever the mode says')
    const folder = await aFolder()
    const path = join(folder, 'note.json')
    await chmod(folder, 0o300)
    await replaceFile(path, 'first')
    await replaceFile(path, 'second')
    expect(await readFile(path, 'utf8')).toBe('second')
  })
})

test('a folder that is not there is an error', async () => {
  await expect(syncFolder(join(await aFolder(), 'missing'))).rejects.toMatchObject({
    code: 'ENOENT',
  })
})
