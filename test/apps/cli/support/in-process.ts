/** The command line in this process, with what it takes from its surroundings in the test's hands. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommandLine } from '../../../../apps/cli/command-line.ts'
import type { World } from '../../../../apps/cli/world.ts'
import type { Run } from './run-cli.ts'

export type Desk = Awaited<ReturnType<typeof makeDesk>>

/** A home of its own, and nothing in the environment. */
export async function makeDesk(changes: Partial<World> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-desk-'))
  const at = (...names: string[]) => join(folder, ...names)
  const waitsMs: number[] = []
  let ids = 0
  const runWith = async (own: Partial<World>, argv: readonly string[]): Promise<Run> => {
    let out = ''
    let err = ''
    const code = await runCommandLine(argv, {
      env: {},
      homeDir: folder,
      readyFile: at('ready.json'),
      stdin: piped(''),
      writeOut: (text) => {
        out += text
      },
      writeErr: (text) => {
        err += text
      },
      isTerminal: false,
      nowMs: Date.now,
      sleep: async (durationMs) => void waitsMs.push(durationMs),
      random: () => 0,
      newId: () => {
        ids += 1
        return `id-${ids}`
      },
      interrupted: () => new AbortController().signal,
      ...changes,
      ...own,
    })
    return { code, out, err }
  }
  return {
    folder,
    at,
    waitsMs,
    write: async (name: string, content: unknown): Promise<string> => {
      await writeFile(at(name), typeof content === 'string' ? content : JSON.stringify(content))
      return at(name)
    },
    run: (...argv: string[]) => runWith({}, argv),
    runWith: (own: Partial<World>, ...argv: string[]) => runWith(own, argv),
    clear: () => rm(folder, { recursive: true, force: true }),
  }
}

export async function* piped(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
