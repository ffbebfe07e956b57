import { chmod, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadNodeKey, loadOrMakeNodeKey } from '../../../apps/host/node-key.ts'
import { nodeIdOf } from '../../../src/protocol/node-identity.ts'

const keyPath = async () => join(await mkdtemp(join(tmpdir(), 'b3iq-key-')), 'keys', 'node.key')

describe('the node key', () => {
  it('is made once, for its owner alone, and found again', async () => {
    const path = await keyPath()
    const made = await loadOrMakeNodeKey(path)
    expect(made.nodeId).toBe(nodeIdOf(made.signer.publicKey))
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await loadNodeKey(path))?.nodeId).toBe(made.nodeId)
    expect((await loadOrMakeNodeKey(path)).nodeId).toBe(made.nodeId)
  })

  it('is not made by loading', async () => {
    expect(await loadNodeKey(await keyPath())).toBeUndefined()
  })

  it.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o620])(
    'is refused with the mode %o',
    async (mode) => {
      const path = await keyPath()
      await loadOrMakeNodeKey(path)
      await chmod(path, mode)
      await expect(loadNodeKey(path)).rejects.toThrow(/is open to other users: run chmod 600 on it/)
    },
  )

  it.each(['', '{}', '{"kty":"OKP"}'])('that is none is refused and kept: "%s"', async (text) => {
    const path = await keyPath()
    await loadOrMakeNodeKey(path)
    await writeFile(path, text)
    await expect(loadOrMakeNodeKey(path)).rejects.toThrow(/holds no Ed25519 key/)
    expect(await readFile(path, 'utf8')).toBe(text)
  })
})
