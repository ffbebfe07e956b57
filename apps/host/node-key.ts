/**
 * The node's key is made on the host and never leaves it. Whoever can read the file can be the node,
 * so a file that others may read is refused rather than trusted.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  generatePrivateKey,
  makeSigner,
  PrivateKeyJwk,
  type Signer,
} from '../../src/protocol/ed25519.ts'
import { nodeIdOf } from '../../src/protocol/node-identity.ts'
import { syncFolder, writeSynced } from './durable-file.ts'
import { errorCode, StatedError } from './stated-error.ts'

export type NodeKey = { readonly nodeId: string; readonly signer: Signer }

const othersMask = 0o077

/** Undefined where there is no key yet; throws a StatedError for one that cannot be used. */
export async function loadNodeKey(path: string): Promise<NodeKey | undefined> {
  const file = await openKey(path)
  if (file === undefined) return undefined
  try {
    await refuseReadableByOthers(file, path)
    return nodeKeyOf(PrivateKeyJwk.parse(JSON.parse(await file.readFile('utf8'))))
  } catch (error) {
    if (error instanceof StatedError) throw error
    throw new StatedError(
      `The key file ${path} holds no Ed25519 key: restore it, or move it away to enrol as a new node.`,
    )
  } finally {
    await file.close()
  }
}

export async function loadOrMakeNodeKey(path: string): Promise<NodeKey> {
  return (await loadNodeKey(path)) ?? (await makeNodeKey(path))
}

async function makeNodeKey(path: string): Promise<NodeKey> {
  const jwk = generatePrivateKey()
  try {
    await mkdir(dirname(path), { recursive: true })
    // `wx` never replaces a key that another process made meanwhile.
    await writeSynced(path, 'wx', `${JSON.stringify(jwk)}\n`)
    await syncFolder(dirname(path))
  } catch (error) {
    throw new StatedError(
      `The key file ${path} cannot be made (${errorCode(error)}): choose a writable key_file.`,
    )
  }
  return nodeKeyOf(jwk)
}

async function openKey(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new StatedError(
      `The key file ${path} cannot be read (${errorCode(error)}): check its owner.`,
    )
  }
}

async function refuseReadableByOthers(file: FileHandle, path: string): Promise<void> {
  // Windows has no mode bits; there the profile directory's access list protects the file.
  if (process.platform === 'win32') return
  const { mode } = await file.stat()
  if ((mode & othersMask) !== 0) {
    throw new StatedError(`The key file ${path} is open to other users: run chmod 600 on it.`)
  }
}

function nodeKeyOf(jwk: PrivateKeyJwk): NodeKey {
  const signer = makeSigner(jwk)
  return { nodeId: nodeIdOf(signer.publicKey), signer }
}
