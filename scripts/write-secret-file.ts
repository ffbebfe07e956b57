/** Writes a file with secrets: for its owner alone, and never over another file. */
import { rm, writeFile } from 'node:fs/promises'

/** Secrets that are lost cannot be made again. Says what went wrong, and then leaves nothing behind. */
export async function writeSecretFile(path: string, text: string): Promise<string | undefined> {
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    return codeOf(error) === 'EEXIST'
      ? `${path} exists already and is left as it is: name a file that does not exist.`
      : `${path} cannot be written (${codeOf(error)}): choose another place.`
  }
  try {
    await writeFile(path, text, { flush: true })
    return undefined
  } catch (error) {
    await rm(path, { force: true })
    return `${path} cannot be written (${codeOf(error)}): choose another place.`
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
