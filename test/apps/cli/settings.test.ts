// Which server is asked and with which key: the nearest word counts, and a key never leaves for an
// address that it was not named together with.
import { mkdir } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { targetOf } from '../../../apps/cli/settings.ts'
import { type Desk, makeDesk } from './support/in-process.ts'

let desk: Desk
beforeEach(async () => {
  desk = await makeDesk()
  await mkdir(desk.at('.config', 'b3iq'), { recursive: true })
})
afterEach(() => desk.clear())

const laptop = {
  gatewayUrl: 'http://127.0.0.1:8787',
  adminUrl: 'http://127.0.0.1:8789',
  keyFile: '/laptop/customer.key',
  adminKeyFile: '/laptop/operator.key',
  model: 'b3iq/demo',
}
const config = {
  default_profile: 'dev',
  profiles: {
    dev: { gateway_url: 'https://dev.example', key_file: 'dev.key' },
    prod: {
      gateway_url: 'https://prod.example/v1',
      admin_url: 'https://admin.prod.example/admin/',
      key_file: '~/keys/prod.key',
      operator_key_file: '/keys/op.key',
    },
  },
}

const surroundings = (env: Record<string, string> = {}) => ({
  env,
  homeDir: desk.folder,
  readyFile: desk.at('ready.json'),
})
const configured = () => desk.write('.config/b3iq/config.json', config)
const laptopRuns = () => desk.write('ready.json', laptop)

describe('the address', () => {
  it('is of a flag, else of the environment, else of the default profile, else of the laptop stack', async () => {
    await laptopRuns()
    const env = { B3IQ_GATEWAY_URL: 'https://env.example' }
    const flags = { gateway: 'https://flag.example' }
    const url = async (given: object, own: Record<string, string> = {}) => {
      const target = await targetOf('gateway', given, surroundings(own))
      return target.ok ? target.value.url : target.message
    }
    expect(await url({})).toBe('http://127.0.0.1:8787')
    await configured()
    expect(await url({})).toBe('https://dev.example')
    expect(await url({}, env)).toBe('https://env.example')
    expect(await url(flags, env)).toBe('https://flag.example')
  })

  it('is of a profile that was named, whatever the environment says', async () => {
    await configured()
    const env = { B3IQ_GATEWAY_URL: 'https://env.example' }
    expect(await targetOf('gateway', { profile: 'prod' }, surroundings(env))).toEqual({
      ok: true,
      value: { url: 'https://prod.example', keyFile: desk.at('keys', 'prod.key') },
    })
    expect(await targetOf('admin', { profile: 'prod' }, surroundings())).toEqual({
      ok: true,
      value: { url: 'https://admin.prod.example', keyFile: '/keys/op.key' },
    })
  })
})

describe('the key', () => {
  it('of the laptop stack goes nowhere else', async () => {
    await laptopRuns()
    const target = await targetOf('gateway', { gateway: 'https://other.example' }, surroundings())
    expect(target).toMatchObject({ ok: true, value: { keyFile: undefined } })
  })

  it('of a profile goes to its own addresses alone', async () => {
    await configured()
    const env = { B3IQ_GATEWAY_URL: 'https://env.example' }
    const target = await targetOf('gateway', {}, surroundings(env))
    expect(target).toMatchObject({ ok: true, value: { keyFile: undefined } })
  })

  it('that a flag or the environment names goes where it is told', async () => {
    await laptopRuns()
    const env = { B3IQ_OPERATOR_KEY_FILE: '/env.key' }
    expect(await targetOf('admin', {}, surroundings(env))).toMatchObject({
      value: { url: laptop.adminUrl, keyFile: '/env.key' },
    })
    const flags = { operatorKeyFile: '/flag.key' }
    expect(await targetOf('admin', flags, surroundings(env))).toMatchObject({
      value: { keyFile: '/flag.key' },
    })
  })

  it('is not sent over plain http to another machine', async () => {
    const key = await desk.write('key', `sk-b3iq-p1-${'k'.repeat(43)}`)
    const given = ['--gateway', 'http://10.0.0.1', '--key-file', key]
    const { code, err } = await desk.run('balance', ...given)
    expect(code).toBe(2)
    expect(err).toContain('An API key is not sent over plain http')
  })
})

describe('one sentence says what to do', () => {
  const sentence = async (...argv: string[]) => {
    const { code, out, err } = await desk.run(...argv)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    return err.replace(/^b3iq: |\n$/g, '').replaceAll(desk.folder, '~')
  }

  it('where no server is known', async () => {
    expect(await sentence('balance')).toMatch(/^No gateway is known: start one with "npm start"/)
    expect(await sentence('nodes', 'list')).toMatch(/^No admin API is known: start one/)
  })

  it('where no key is known', async () => {
    expect(await sentence('balance', '--gateway', 'https://a.example')).toMatch(
      /^This needs an API key: name its file with --key-file/,
    )
    expect(await sentence('nodes', 'list', '--admin', 'https://a.example')).toMatch(
      /^This needs an operator key: name its file with --operator-key-file/,
    )
  })

  it.each([
    [
      { ...config, default_profile: 'test' },
      'There is no profile "test" in ~/.config/b3iq/config.json; it has: dev, prod.',
    ],
    ['{', '~/.config/b3iq/config.json is not a config file of b3iq: it is not JSON.'],
    [
      { profiles: { dev: { key: 'sk-b3iq-p1-secret' } } },
      '~/.config/b3iq/config.json is not a config file of b3iq: at "profiles.dev": Unrecognized key: "key".',
    ],
  ])('where the config file is %j', async (content, message) => {
    await desk.write('.config/b3iq/config.json', content)
    expect(await sentence('balance')).toBe(message)
  })

  it('where a profile is named and there is no config file', async () => {
    expect(await sentence('balance', '--profile', 'prod')).toBe(
      'There is no profile "prod": ~/.config/b3iq/config.json does not exist.',
    )
  })
})
