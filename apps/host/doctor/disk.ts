/** Whether what the agent must remember can be written. */
import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from '../stated-error.ts'
import { blocked, type Finding, ok, warning } from './check.ts'

const mib = 1024 * 1024
const freeMibMin = 10
const freeMibComfort = 200

export async function checkDisk(stateFile: string): Promise<Finding> {
  const folder = await existingFolder(dirname(stateFile))
  try {
    await access(folder, constants.W_OK)
  } catch (error) {
    return blocked(
      `${folder} cannot be written (${errorCode(error)}).`,
      'Choose a state_file in a folder of the user that runs the agent.',
    )
  }
  const { bavail, bsize } = await statfs(folder)
  return freeSpaceFinding(folder, Math.floor((bavail * bsize) / mib))
}

export function freeSpaceFinding(folder: string, freeMib: number): Finding {
  const found = `${folder} has ${freeMib} MiB free.`
  const todo = 'Free disk space, or move state_file to another disk.'
  if (freeMib < freeMibMin) return blocked(found, todo)
  return freeMib < freeMibComfort ? warning(found, todo) : ok(found)
}

/** The folder may be made at the first start. */
async function existingFolder(path: string): Promise<string> {
  const parent = dirname(path)
  const exists = await access(path).then(
    () => true,
    () => false,
  )
  return exists || parent === path ? path : existingFolder(parent)
}
