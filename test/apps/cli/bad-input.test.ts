// Whatever is wrong with the input, the answer is one sentence that says how to mend it.
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verify } from '../../../apps/cli/commands/verify.ts'
import { checkedGatewayUrl, fetchKeys } from '../../../apps/cli/gateway.ts'
import { readyGatewayUrl } from '../../../apps/cli/local-files.ts'
import { genuineReceipt, publicView, published } from '../../support/genuine-receipt.ts'
import { apiKey, listen, listenUntilClosed, serveReceipt } from './support/receipt-server.ts'
import { launcher, pinnedNode, run, runCli } from './support/run-cli.ts'

const receipt = genuineReceipt()
const hash = receipt.receipt_hash
const unknown = '0'.repeat(64)

let folder = ''
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'b3iq-cli-'))
  await writeFile(at('receipt.json'), JSON.stringify(publicView(receipt)))
  await writeFile(at('keys.json'), JSON.stringify(published))
  await writeFile(at('key'), apiKey)
  await writeFile(at('text'), 'two words')
  await writeFile(at('large'), ' '.repeat(1024 * 1024 + 1))
  await writeFile(at('later.json'), JSON.stringify({ ...publicView(receipt), body: { v: 2 } }))
  await writeFile(at('ready.json'), JSON.stringify({ gatewayUrl: 'http://127.0.0.1:9000' }))
})
afterAll(() => rm(folder, { recursive: true }))

const sentence = async (...args: string[]) => {
  const outcome = await verify(args, at('none.json'))
  if (outcome.ok) throw new Error(`There was a verdict:\n${outcome.value.text}`)
  expect(outcome.message).not.toContain('\n')
  return outcome.message
}

describe('the arguments', () => {
  it.each([
    [[], 'Name one receipt: b3iq verify <hash | file.json>.'],
    [['a', 'b'], 'Name one receipt at a time: "b" is a second one.'],
    [[unknown, '--gate', 'x'], /^Unknown option '--gate'/],
    [[unknown, '--salt', '-x'], /use '--salt=-XYZ'/],
    [
      [unknown, '--gateway', 'localhost:80'],
      '"localhost:80" is not the URL of a gateway: write it as https://HOST.',
    ],
  ])('%j', async (args, message) => {
    expect(await sentence(...args)).toMatch(message)
  })
})

describe('the files', () => {
  it.each([
    [['none.json'], 'none.json cannot be read: there is no such file.'],
    [['.'], '. cannot be read: it is a folder.'],
    [['text'], 'text is not a receipt: it is not JSON.'],
    [['keys.json'], 'keys.json is not a receipt: at "object": Invalid input: expected "receipt".'],
    [['later.json'], 'later.json is not a receipt: at "body.v": Invalid input: expected 1.'],
    [['large'], 'large is larger than 1048576 bytes.'],
    [
      ['receipt.json', '--keys', 'receipt.json'],
      'receipt.json is not a list of published keys: at "stage": Invalid input: expected string, received undefined.',
    ],
    [
      ['receipt.json', '--keys', 'keys.json', '--salt', 'x'],
      'A salt proves the private part, which this view lacks: add --key-file with a key of the account.',
    ],
    [
      [unknown, '--gateway', 'http://127.0.0.1', '--key-file', 'text'],
      'text is not a key file: it must hold one API key and nothing else.',
    ],
  ])('%j', async (names, message) => {
    const args = names.map((name) =>
      name === '.' || /^[a-z]+(\.json)?$/.test(name) ? at(name) : name,
    )
    const said = await sentence(...args)
    expect(said.replaceAll(`${folder}/`, '').replace(folder, '.')).toBe(message)
  })
})

describe('the gateway', () => {
  it('does not know the hash', async () => {
    const { url } = await serveReceipt(receipt)
    expect(await sentence(unknown, '--gateway', url)).toBe(
      `The gateway ${url} has no receipt with this hash: check the hash and --gateway.`,
    )
  })

  it('does not show the private part for this key', async () => {
    const { url } = await serveReceipt(receipt)
    await writeFile(at('other'), apiKey.replace('k', 'l'))
    expect(await sentence(hash, '--gateway', url, '--key-file', at('other'))).toMatch(
      /other does not open the private part: it is not a key of the payer\.$/,
    )
  })

  it('refuses, and its words are passed on', async () => {
    const error = { code: 'internal_error', message: 'The gateway failed.' }
    const url = await listen((_, response) =>
      response.writeHead(500).end(JSON.stringify({ error })),
    )
    expect(await sentence(hash, '--gateway', url)).toBe(
      `The gateway ${url} refused (internal_error): The gateway failed.`,
    )
  })

  it('cannot be reached', async () => {
    const { url, close } = await listenUntilClosed()
    await close()
    expect(await sentence(hash, '--gateway', url)).toMatch(
      /^The gateway http:\S+ cannot be reached: .*ECONNREFUSED.*\. Start it or check --gateway\.$/,
    )
  })

  it('is not known: nothing is running here and none is named', async () => {
    expect(await sentence(hash)).toMatch(
      /^No gateway is known: start one with "npm start", or name/,
    )
  })

  it.each<[string, number, Record<string, string>, string]>([
    ['is none', 404, {}, ' answered 404 and not as a gateway does: check --gateway.'],
    ['answers with a page', 200, {}, ' is not a receipt: it is not JSON.'],
    ['redirects', 302, { location: 'https://example.com/' }, ' cannot be reached: '],
  ])('%s', async (_, status, headers, message) => {
    const url = await listen((_, response) => response.writeHead(status, headers).end('<html>'))
    expect(await sentence(hash, '--gateway', url)).toContain(`${url}${message}`)
  })

  it('is waited for no longer than the limit', async () => {
    const url = await listen((_, response) => response.writeHead(200).write('{'))
    const message = `The gateway ${url} cannot be reached: no whole reply in 50 ms. Start it or check --gateway.`
    expect(await fetchKeys({ url, timeoutMs: 50 })).toEqual({ ok: false, message })
  })

  it('is read no further than the limit', async () => {
    const url = await listen((_, response) => response.end(' '.repeat(1024 * 1024 + 1)))
    const message = `${url} answered with more than 1048576 bytes.`
    expect(await fetchKeys({ url })).toEqual({ ok: false, message })
  })

  it('gets no key over plain http, unless it is on this machine', () => {
    expect(checkedGatewayUrl('http://b3iq.example/v1', true)).toEqual({
      ok: false,
      message: 'An API key is not sent over plain http: write the gateway as https://b3iq.example.',
    })
    expect(checkedGatewayUrl('http://127.0.0.1:9000/v1/', true)).toMatchObject({ ok: true })
    expect(checkedGatewayUrl('http://127.example:80', true)).toMatchObject({ ok: false })
    expect(checkedGatewayUrl('http://b3iq.example', false)).toMatchObject({ ok: true })
  })

  it('is the one of the laptop stack where none is named', async () => {
    expect(await readyGatewayUrl(at('ready.json'))).toBe('http://127.0.0.1:9000')
    expect(await readyGatewayUrl(at('keys.json'))).toBeUndefined()
    expect(await readyGatewayUrl(at('none.json'))).toBeUndefined()
  })
})

describe('the command', () => {
  it('says it on stderr, without control characters, and exits with 2', async () => {
    expect(await runCli('verify', 'no\u{1b}[2Jfile')).toEqual({
      code: 2,
      out: '',
      err: 'b3iq: no\u{fffd}[2Jfile cannot be read: there is no such file.\n',
    })
  })

  it.each([[[]], [['prove']]])('%j is none: help is offered', async (args) => {
    const { code, err } = await runCli(...args)
    expect(code).toBe(2)
    expect(err).toContain('"b3iq --help" shows what there is')
  })

  it.each([[['--help']], [['verify', '-h']]])('%j prints the usage', async (args) => {
    const { code, out, err } = await runCli(...args)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('b3iq verify <receipt hash | file.json>')
  })
})

describe('the launcher', () => {
  const args = () => ['verify', at('receipt.json'), '--keys', at('keys.json')]

  it('hands over to the pinned Node where the present one cannot strip types', async () => {
    const options = { NODE_OPTIONS: '--no-strip-types' }
    expect(await run([pinnedNode, launcher, ...args()], options)).toMatchObject({
      code: 0,
      err: '',
    })
    const failing = await run([pinnedNode, launcher, 'verify', at('text')], options)
    expect(failing).toMatchObject({ code: 2, err: expect.stringContaining('is not a receipt') })
  })

  it('says what to run where the packages are not installed', async () => {
    await mkdir(at('apps/cli'), { recursive: true })
    await copyFile(launcher, at('apps/cli/b3iq.mjs'))
    expect(await run([pinnedNode, at('apps/cli/b3iq.mjs'), ...args()])).toEqual({
      code: 2,
      out: '',
      err: 'b3iq: the packages are not installed: run "npm start" or "npm install" first.\n',
    })
  })
})
