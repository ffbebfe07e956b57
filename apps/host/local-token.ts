/** The bearer token of mode local: made once, readable by its owner alone. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { writeSynced } from './durable-file.ts'
import { errorCode, StatedError } from './stated-error.ts'

const tokenBytes = 32
const tokenShape = /^[A-Za-z0-9_-]{32,256}$/
const othersMask = 0o077

/** Throws a StatedError for a file that others may read, or that holds no token. */
export async function loadOrMakeLocalToken(path: string): Promise<string> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeSynced(path, 'wx', `${randomBytes(tokenBytes).toString('base64url')}\n`)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') {
      throw new StatedError(`The token file ${path} cannot be made (${errorCode(error)}).`)
    }
  }
  return readToken(path)
}

async function readToken(path: string): Promise<string> {
  const { mode } = await stat(path)
  // Windows has no mode bits; there the profile directory's access list protects the file.
  if (process.platform !== 'win32' && (mode & othersMask) !== 0) {
    throw new StatedError(`The token file ${path} is open to other users: run chmod 600 on it.`)
  }
  const token = (await readFile(path, 'utf8')).trim()
  if (!tokenShape.test(token)) {
    throw new StatedError(
      `The token file ${path} holds no token of 32 to 256 letters, digits, "-" or "_".`,
    )
  }
  return token
}

/** Compares hashes, so that neither length nor time says anything of the token. */
export function isBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1]
  if (given === undefined) return false
  const [left, right] = [given, token].map((text) => Buffer.from(sha256Hex(text)))
  return left !== undefined && right !== undefined && timingSafeEqual(left, right)
}
