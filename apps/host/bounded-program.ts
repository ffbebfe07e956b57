/**
 * Runs a small program for what it prints. It may be missing, fail, print anything or hang in a
 * driver: one that hangs is left behind, not waited for, and no second one is started while it is
 * still there.
 */
import { spawn } from 'node:child_process'
import { errorCode } from './stated-error.ts'

const outputBytesMax = 512 * 1024

type Failure = 'missing' | 'timeout' | 'failed'

export type ProgramOutput =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: Failure; readonly text: string }

/** Never rejects, and resolves within the time limit. */
export type Program = (args: readonly string[]) => Promise<ProgramOutput>

export function makeProgram(command: string, limitMs: number): Program {
  let isHanging = false

  return (args) =>
    new Promise((resolve) => {
      if (isHanging) return resolve({ ok: false, reason: 'timeout', text: '' })
      const child = spawn(command, args, {
        stdio: ['ignore', 'pipe', 'ignore'],
        windowsHide: true,
      })
      const pieces: Buffer[] = []
      let bytes = 0
      const end = (reason?: Failure) => {
        clearTimeout(timer)
        const text = Buffer.concat(pieces).toString('utf8')
        resolve(reason === undefined ? { ok: true, text } : { ok: false, reason, text })
      }
      const leave = (reason: Failure) => {
        isHanging = true
        child.kill('SIGKILL')
        // Whatever it started may hold the pipe open for as long as it likes.
        child.stdout.destroy()
        child.unref()
        end(reason)
      }
      const timer = setTimeout(() => leave('timeout'), limitMs)
      child.once('exit', () => {
        isHanging = false
      })
      child.stdout.on('data', (piece: Buffer) => {
        bytes += piece.byteLength
        if (bytes > outputBytesMax) leave('failed')
        else pieces.push(piece)
      })
      child.once('error', (error) => end(errorCode(error) === 'ENOENT' ? 'missing' : 'failed'))
      child.once('close', (code) => end(code === 0 ? undefined : 'failed'))
    })
}
