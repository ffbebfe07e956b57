// The secrets of a stage are made once, kept from other users, rotated step by step, and never written over.
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { secretsParameter } from '../../infra/permissions.ts'
import { runSecrets } from '../../scripts/secrets-command.ts'
import { type Step, takeStep } from '../../scripts/secrets-steps.ts'
import { ids } from '../../src/adapters/system.ts'
import { newStageSecrets, StageSecrets } from '../../src/keys/stage-secrets.ts'
import { pinnedNode, root, run } from '../apps/cli/support/run-cli.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'b3iq-secrets-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** In this process, which is what the command is made of. */
async function secretsCommand(...args: string[]) {
  const { ok, message } = await runSecrets(args)
  return ok ? { code: 0, out: `${message}\n`, err: '' } : { code: 1, out: '', err: `${message}\n` }
}

it('is a command that says on its error output why nothing was written', async () => {
  const { code, out, err } = await run([pinnedNode, join(root, 'scripts', 'secrets.ts'), 'help'])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/^usage: npm run secrets/)
})

it('writes a valid document that only its owner can read, and says how to store it', async () => {
  const path = join(folder, 'dev.json')
  const { code, out } = await secretsCommand('--stage', 'dev', '--out', path)
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
  const { out } = await secretsCommand('--stage', 'dev', '--out', join(folder, "it's here"))
  expect(out).toContain(`--value 'file://${folder}/it'\\''s here'\n`)
})

it('leaves a file that exists as it is', async () => {
  const path = join(folder, 'kept.json')
  await writeFile(path, 'kept')
  const { code, err } = await secretsCommand('--stage', 'dev', '--out', path)
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
  [[], /^usage: npm run secrets -- --stage NAME --out FILE\n/],
  [['announce', '--key', 'receipt'], /^usage: /],
  [['anounce', '--stage', 'dev'], /^usage: /],
  [['--stage', 'dev', '--force'], /^usage: /],
])('refuses %j in one line and writes nothing', async (args, message) => {
  const path = join(folder, 'refused.json')
  const { code, out, err } = await secretsCommand(...args, '--out', path)
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(message)
  await expect(stat(path)).rejects.toThrow('ENOENT')
})

it('says where it cannot write', async () => {
  const path = join(folder, 'none', 'dev.json')
  const { code, err } = await secretsCommand('--stage', 'dev', '--out', path)
  expect({ code, err }).toEqual({
    code: 1,
    err: `${path} cannot be written (ENOENT): choose another place.\n`,
  })
})

describe('a rotation', () => {
  const stepFrom = (from: string, to: string, ...args: string[]) =>
    secretsCommand(...args, '--in', join(folder, from), '--out', join(folder, to))
  const secretsIn = async (name: string) =>
    StageSecrets.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))

  it('goes from file to file, each step telling how it is stored and deployed', async () => {
    await secretsCommand('--stage', 'qa', '--out', join(folder, 'v1'))
    const announced = await stepFrom(
      'v1',
      'v2',
      'announce',
      '--key',
      'receipt',
      '--wait-hours',
      '0',
    )
    expect(announced).toMatchObject({ code: 0, err: '' })
    const put = `  aws ssm put-parameter --overwrite --tier Intelligent-Tiering --type SecureString --name /b3iq/qa/secrets --value file://${folder}/v2\n`
    expect(announced.out).toContain(put)
    expect(announced.out).toContain('infra/stages/qa.json as secretsVersion')
    expect((await stat(join(folder, 'v2'))).mode & 0o777).toBe(0o600)
    expect(await stepFrom('v2', 'v3', 'adopt', '--key', 'receipt')).toMatchObject({ code: 0 })
    const [v2, v3] = [await secretsIn('v2'), await secretsIn('v3')]
    expect(v3.receipt_key).toEqual(v2.coming_keys.receipt)
    expect(v3.retired_keys).toMatchObject([{ key_id: v2.receipt_key.key_id, use: 'receipt' }])
    const told = announced.out
    // The newest is not the one in use after a rollback, so the version is named.
    expect(told).toContain('--name /b3iq/qa/secrets:VERSION --query Parameter.Value')
    expect(told).not.toContain(v2.coming_keys.receipt?.private_key.d)
  })

  it.each(['receipt', 'ticket-root', 'job', 'pepper'])(
    'has another %s key in the place of one that is announced, where that is asked for',
    async (key) => {
      const announce = (from: string, to: string, ...args: string[]) =>
        stepFrom(from, to, 'announce', '--key', key, ...args)
      const [once, twice] = [`${key}-once`, `${key}-twice`]
      expect(await announce('v1', once)).toMatchObject({ code: 0 })
      expect((await announce(once, twice)).err).toContain('another in its place with --again')
      expect(await announce(once, twice, '--again')).toMatchObject({ code: 0 })
      const coming = async (name: string) => {
        const { coming_keys, pepper_coming } = await secretsIn(name)
        return { ...coming_keys, pepper_coming }
      }
      expect(await coming(twice)).not.toEqual(await coming(once))
    },
  )

  it('refuses in one line what is not there yet or cannot be read, and writes nothing', async () => {
    const early = await stepFrom('v1', 'none', 'adopt', '--key', 'job')
    expect(early).toEqual({
      code: 1,
      out: '',
      err: 'No key for this use is announced: announce one and deploy it first.\n',
    })
    await chmod(join(folder, 'v1'), 0o644)
    const open = await stepFrom('v1', 'none', 'announce', '--key', 'job')
    expect(open.err).toBe(
      `The secrets file ${folder}/v1 is readable by others: run "chmod 600 ${folder}/v1".\n`,
    )
    await expect(stat(join(folder, 'none'))).rejects.toThrow('ENOENT')
  })
})

describe('the words of a step', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const secrets = newStageSecrets('dev', { ids, nowMs })
  const taken = (step: Step, terms: Parameters<typeof takeStep>[2]) =>
    takeStep(step, secrets, terms, { ids, nowMs }).kind

  it.each<[Step, Parameters<typeof takeStep>[2]]>([
    ['announce', {}],
    ['announce', { key: 'ticket_root' }],
    ['announce', { key: 'constructor' }],
    ['announce', { key: 'job', 'wait-hours': '-1' }],
    ['announce', { key: 'job', 'wait-hours': '721' }],
    ['announce', { key: 'job', 'wait-hours': '' }],
    ['announce', { key: 'job', 'wait-hours': ' ' }],
    ['announce', { key: 'job', 'wait-hours': '1.5' }],
    ['announce', { key: 'job', 'overlap-hours': '1' }],
    ['adopt', { key: 'job', 'overlap-hours': '0' }],
    ['adopt', { key: 'job', 'overlap-hours': '' }],
    ['adopt', { key: 'job', 'wait-hours': '1' }],
    ['adopt', { key: 'job', again: true }],
    ['replace', { secret: 'pepper' }],
    ['replace', { secret: 'enrolment', key: 'job' }],
    ['replace', { secret: 'enrolment', again: true }],
  ])('%s %j is no step', (step, terms) => {
    expect(taken(step, terms)).toBe('misused')
  })

  it('take each key, and each secret that may be replaced', () => {
    for (const key of ['receipt', 'ticket-root', 'job', 'pepper']) {
      expect(taken('announce', { key })).toBe('taken')
      expect(taken('adopt', { key })).toBe('refused')
    }
    for (const secret of ['enrolment', 'claims', 'bootstrap-token']) {
      expect(taken('replace', { secret })).toBe('taken')
    }
  })
})
