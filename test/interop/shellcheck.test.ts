// What shellcheck says of the script that makes an instance a host. Skipped where `scripts/python-env.mjs` could
// not bring it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { renderUserData } from '../../infra/hosts/user-data.ts'
import { direct, scriptFacts, viaTunnel } from '../infra/hosts/stage-with-hosts.ts'

const program = join(import.meta.dirname, '..', '..', '.interop', 'python', 'bin', 'shellcheck')
const isThere = existsSync(program)
if (!isThere)
  console.warn('shellcheck is not there: the scripts of instances are not checked by it.')

const check = (script: string) => {
  const { status, stdout } = spawnSync(program, ['--severity=style', '-'], {
    input: script,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, stdout }
}

test.skipIf(!isThere).each([viaTunnel, direct])(
  'shellcheck finds nothing in the script of a host reached by $kind',
  (route) => {
    expect(check(renderUserData({ ...scriptFacts, route }))).toEqual({ status: 0, stdout: '' })
  },
)

test.skipIf(!isThere)('shellcheck would find an unquoted variable', () => {
  const script = renderUserData({ ...scriptFacts, route: direct })
  const { status, stdout } = check(script.replace('mkdir -p "$home/bin"', 'mkdir -p $home/bin'))
  expect({ status, stdout }).toEqual({ status: 1, stdout: expect.stringContaining('SC2086') })
})
