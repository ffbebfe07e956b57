/** nvidia-smi as a real program: a script that answers each question as its part says. */
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const gamingCard = {
  uuid: 'GPU-8a1b2c3d-0000-1111-2222-333344445555',
  line: 'GPU-8a1b2c3d-0000-1111-2222-333344445555, NVIDIA GeForce RTX 4090, 570.86, 8.9, 20311, 24564, 71, 66, 288.13',
}

/** As recent drivers print it, shortened. */
export const help = [
  'List of valid properties to query for the switch "--query-gpu=":',
  '"timestamp"',
  'The timestamp of when the query was made in format "YYYY/MM/DD HH:MM:SS.msec".',
  '"driver_version"',
  '"name" or "gpu_name"',
  '"uuid" or "gpu_uuid"',
  '"compute_cap"',
  '"memory.total"',
  '"memory.used"',
  '"utilization.gpu"',
  '"temperature.gpu"',
  '"power.draw"',
].join('\n')

type Parts = {
  /** Shell commands; each prints and may end the program with its own code. */
  readonly help?: string
  readonly gpus?: string
  readonly apps?: string
}

/** Shell that prints `text` as it is. */
export const print = (text: string): string => `cat <<'END'\n${text}\nEND`

export async function fakeSmi(parts: Parts = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'b3iq-smi-'))
  const command = join(folder, 'nvidia-smi')
  const log = join(folder, 'asked')
  const write = async ({
    help: h = print(help),
    gpus = print(gamingCard.line),
    apps = ':',
  }: Parts) => {
    const script = [
      '#!/bin/sh',
      `echo "$1" >> ${log}`,
      'case "$1" in',
      `--help-query-gpu)\n${h}\n;;`,
      `--query-gpu=*)\n${gpus}\n;;`,
      `--query-compute-apps=*)\n${apps}\n;;`,
      'esac',
    ]
    await writeFile(command, `${script.join('\n')}\n`)
    await chmod(command, 0o755)
  }
  await write(parts)
  return {
    command,
    change: write,
    /** The first argument of every call, oldest first. */
    asked: async () => (await readFile(log, 'utf8')).trim().split('\n'),
  }
}
