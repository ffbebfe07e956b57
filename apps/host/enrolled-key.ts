/**
 * The key that the node is enrolled with. A rotation leaves a note of what ingest took before it
 * changes anything else; whoever asks for the key finishes what the note says. So it does not matter
 * where a rotation was cut off, nor that a running agent wrote the state of the old node once more.
 */
import { readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type * as z from 'zod'
import { NodeId } from '../../src/protocol/ids.ts'
import { RotateReply } from '../../src/protocol/rotation.ts'
import type { HostConfig } from './config.ts'
import { replaceFile, syncFolder } from './durable-file.ts'
import { loadNodeKey, type NodeKey } from './node-key.ts'
import { type HostState, readState, writeState } from './state-file.ts'
import { errorCode, StatedError } from './stated-error.ts'

type Files = Pick<HostConfig, 'key_file' | 'state_file'>

export const RotationNote = RotateReply.pick({
  node_id: true,
  alias: true,
  status: true,
  route_epoch: true,
}).extend({ old_node_id: NodeId })
export type RotationNote = z.infer<typeof RotationNote>

export const nextKeyFileOf = (keyFile: string): string => `${keyFile}.next`
const noteFileOf = (keyFile: string): string => `${keyFile}.rotated`

/** Undefined where there is no key, or not the one that was enrolled. */
export async function loadEnrolledKey(
  files: Files,
): Promise<{ readonly node: NodeKey | undefined; readonly state: HostState }> {
  const state = await stateAfterRotation(files)
  const enrolledId = state.enrolment?.node_id
  const node = await loadNodeKey(files.key_file)
  if (node !== undefined && node.nodeId === enrolledId) return { node, state }
  const next = await loadNodeKey(nextKeyFileOf(files.key_file))
  if (next === undefined || next.nodeId !== enrolledId) return { node: undefined, state }
  await putNextKeyInPlace(files.key_file)
  return { node: next, state }
}

export async function writeRotationNote(keyFile: string, note: RotationNote): Promise<void> {
  const path = noteFileOf(keyFile)
  try {
    await replaceFile(path, `${JSON.stringify(note)}\n`)
  } catch (error) {
    throw new StatedError(
      `${path} cannot be written (${errorCode(error)}): make its folder writable and run rotate-key again.`,
    )
  }
}

async function stateAfterRotation({ key_file, state_file }: Files): Promise<HostState> {
  const state = await readState(state_file)
  const note = await readRotationNote(key_file)
  const { enrolment } = state
  if (enrolment === null || note?.old_node_id !== enrolment.node_id) return state
  const { old_node_id: _, ...known } = note
  const rotated = { ...state, enrolment: { ...enrolment, ...known } }
  await writeState(state_file, rotated)
  return rotated
}

async function readRotationNote(keyFile: string): Promise<RotationNote | undefined> {
  try {
    const text = await readFile(noteFileOf(keyFile), 'utf8')
    return RotationNote.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new StatedError(`${noteFileOf(keyFile)} cannot be read: run b3iq-host rotate-key again.`)
  }
}

async function putNextKeyInPlace(keyFile: string): Promise<void> {
  try {
    await rename(nextKeyFileOf(keyFile), keyFile)
    await syncFolder(dirname(keyFile))
  } catch (error) {
    throw new StatedError(
      `The new key cannot take the place of ${keyFile} (${errorCode(error)}): make its folder writable.`,
    )
  }
}
