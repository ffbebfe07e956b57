// The secrets of a stage are made once, kept from other users, and never written over.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { secretsParameter } from '../../infra/permissions.ts'
import { StageSecrets } from '../../src/keys/stage-secrets.ts'
import { pinnedNode, root, run } from '../apps/cli/support/run-cli.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'b3iq-secrets-'))
})
afterAll(() => rm(folder, { recursive: true }))

const newSecrets = (...args: string[]) =>
  run([pinnedNode, join(root, 'scripts', 'new-secrets.ts'), ...args])

it('writes a valid document that only its owner can read, and says how to store it', async () => {
  const path = join(folder, 'dev.json')
  const { code, out } = await newSecrets('--stage', 'dev', '--out', path)
  expect(code).toBe(0)
  const secrets = StageSecrets.parse(JSON.parse(await readFile(path, 'utf8')))
  expect(secrets.stage).toBe('dev')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  const name = `/${secretsParameter('dev')}`
  const put = `aws ssm put-parameter --type SecureString --name ${name} --value file://${path}`
  expect(out).toContain(`  ${put}\n`)
  expect(out).not.toContain(secrets.bootstrap_token)
})

it('quotes a path that a shell would split', async () => {
  const { out } = await newSecrets('--stage', 'dev', '--out', join(folder, "it's here"))
  expect(out).toContain(`--value 'file://${folder}/it'\\''s here'\n`)
})

it('leaves a file that exists as it is', async () => {
  const path = join(folder, 'kept.json')
  await writeFile(path, 'kept')
  const { code, err } = await newSecrets('--stage', 'dev', '--out', path)
  expect(code).toBe(1)
  expect(err).toBe(
    `${path} exists already and is left as it is: name a file that does not exist.\n`,
  )
  expect(await readFile(path, 'utf8')).toBe('kept')
})

it.each([
  [['--stage', 'local'], /^"local" cannot be a stage: "local" is the laptop/],
  [
    ['--stage', 'Dev_1'],
    /^"Dev_1" cannot be a stage: must be 2 to 12 lowercase letters and digits\.\n$/,
  ],
  [[], /^usage: npm run secrets -- --stage NAME --out FILE\n$/],
  [['--stage', 'dev', '--force'], /^usage: /],
])('refuses %j in one line and writes nothing', async (args, message) => {
  const path = join(folder, 'refused.json')
  const { code, out, err } = await newSecrets(...args, '--out', path)
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(message)
  await expect(stat(path)).rejects.toThrow('ENOENT')
})

it('says where it cannot write', async () => {
  const path = join(folder, 'none', 'dev.json')
  const { code, err } = await newSecrets('--stage', 'dev', '--out', path)
  expect({ code, err }).toEqual({
    code: 1,
    err: `${path} cannot be written (ENOENT): choose another place.\n`,
  })
})
