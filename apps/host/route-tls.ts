/**
 * Certificate and private key of a direct route that the agent serves itself. Where another program
 * ends TLS before it, the config names no private key and the agent speaks plain HTTP to that one.
 */
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { HostConfig } from './config.ts'
import { errorCode, messageOf, StatedError } from './stated-error.ts'

export type RouteTls = { readonly cert: Buffer; readonly key: Buffer }

const everybodyMask = 0o007

/** Undefined where the agent serves no TLS; throws a StatedError for files that cannot be used. */
export async function readRouteTls({
  route,
}: Pick<HostConfig, 'route'>): Promise<RouteTls | undefined> {
  if (route?.kind !== 'direct') return undefined
  const { certificate_file, private_key_file } = route
  if (certificate_file === undefined || private_key_file === undefined) return undefined
  try {
    const { mode } = await stat(private_key_file)
    if (process.platform !== 'win32' && (mode & everybodyMask) !== 0) {
      throw new StatedError(`${private_key_file} is open to everybody: run chmod o= on it.`)
    }
    const [cert, key] = await Promise.all([readFile(certificate_file), readFile(private_key_file)])
    createSecureContext({ cert, key })
    return { cert, key }
  } catch (error) {
    if (error instanceof StatedError) throw error
    const why = errorCode(error) ?? messageOf(error)
    throw new StatedError(
      `${certificate_file} and ${private_key_file} cannot be used together (${why}): name a PEM certificate and its private key.`,
    )
  }
}
