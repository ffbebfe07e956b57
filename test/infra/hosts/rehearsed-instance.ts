/**
 * A folder that stands for an instance: the rendered script runs in it as it is, and so do its units'
 * commands. What it asks of Docker, S3, systemd and the user database is written down and answered by programs
 * of a few lines.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as z from 'zod'

export type RehearsedInstance = ReturnType<typeof rehearseInstance>
export type Ended = { readonly exitCode: number | null; readonly err: string }

const endsWithinMs = 60_000

export function rehearseInstance({
  agent,
  imds,
}: {
  readonly agent: string
  readonly imds: string
}) {
  const folder = mkdtempSync(join(tmpdir(), 'b3iq-instance-'))
  const at = (...names: string[]) => join(folder, ...names)
  const home = at('opt')
  const units = at('units')
  for (const name of ['path', 'outside']) mkdirSync(at(name))
  const asked = at('asked.txt')
  writeFileSync(asked, '')
  const stub = (name: string, text: string) =>
    writeFileSync(
      at('path', name),
      `#!/bin/bash\nset -eu\necho "${name} $*" >>"${asked}"\n${text}\n`,
      { mode: 0o755 },
    )
  // A program of an image is a script here: the real Node, and a tunnel that is never opened.
  stub(
    'docker',
    `case "$1" in
  create) echo c0ffee ;;
  cp) printf '#!/bin/bash\\nexec "%s" "$@"\\n' "${process.execPath}" >"$3" ;;
esac`,
  )
  stub('aws', `[ "$1 $2" = "s3 cp" ] && cp "${agent}" "\${@: -1}"`)
  stub('useradd', `touch "${at('outside', 'user')}"`)
  stub('id', `[ -e "${at('outside', 'user')}" ]`)
  for (const name of ['chown', 'systemctl', 'sleep', 'shutdown']) stub(name, '')
  const env = {
    PATH: `${at('path')}:/usr/bin:/bin`,
    HOME: folder,
    B3IQ_HOME: home,
    B3IQ_UNITS: units,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds,
  }

  function start(program: string, args: readonly string[]) {
    const child = spawn(program, args, { cwd: folder, env, timeout: endsWithinMs })
    let err = ''
    child.stderr.on('data', (piece) => {
      err += piece
    })
    const lines = createInterface({ input: child.stdout })
    const ended = once(child, 'close').then((): Ended => ({ exitCode: child.exitCode, err }))
    return { child, lines, ended }
  }

  const read = (...names: string[]) => readFileSync(at(...names), 'utf8')
  /** The command of a unit as systemd splits it, without the mark that lets it fail. */
  const commandOf = (unit: string, key: string): readonly string[] => {
    const line = unit.split('\n').find((one) => one.startsWith(`${key}=`)) ?? ''
    return [
      ...line
        .slice(key.length + 1)
        .replace(/^-/, '')
        .matchAll(/"([^"]*)"|(\S+)/g),
    ].map(([, quoted, plain]) => quoted ?? plain ?? '')
  }
  const startOf = ([program = '', ...args]: readonly string[]) => start(program, args)

  return {
    at,
    read,
    /** What was asked of the outside so far, a line each. */
    asked: () => read('asked.txt').trim().split('\n'),
    /** Runs a user-data script to its end. */
    boot: (script: string): Promise<Ended> => {
      writeFileSync(at('user-data.sh'), script)
      return start('bash', [at('user-data.sh')]).ended
    },
    /** What systemd does before it starts the agent. */
    enrol: (): Promise<Ended> =>
      startOf(commandOf(read('units', 'b3iq-host.service.d', 'ec2.conf'), 'ExecStartPre')).ended,
    startAgent: () => startOf(commandOf(read('units', 'b3iq-host.service'), 'ExecStart')),
    enrolment: () =>
      z
        .object({ enrolment: z.looseObject({ node_id: z.string() }) })
        .parse(JSON.parse(read('opt', 'data', 'state.json'))).enrolment,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
