/** `b3iq-host pause` and `resume`: a file beside the state file that is there or is not. */
import { rm, stat, writeFile } from 'node:fs/promises'
import { errorCode, StatedError } from './stated-error.ts'

export const pauseFileOf = (stateFile: string): string => `${stateFile}.paused`

/** A file that cannot be looked at counts as there: when in doubt, the owner wants no work done. */
export async function isPaused(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    return errorCode(error) !== 'ENOENT'
  }
}

/** Doing it twice is no error. Throws a StatedError where the file cannot be changed. */
export async function setPaused(path: string, paused: boolean): Promise<void> {
  try {
    if (paused) await writeFile(path, '', { mode: 0o600 })
    else await rm(path, { force: true })
  } catch (error) {
    throw new StatedError(`The file ${path} cannot be changed (${errorCode(error)}).`)
  }
}
