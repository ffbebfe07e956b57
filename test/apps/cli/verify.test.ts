// What a customer sees who checks a receipt: a table, a summary, and an exit code that scripts obey.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ReceiptView } from '../../../src/protocol/receipt.ts'
import {
  genuineReceipt,
  ownView,
  publicView,
  published,
  salt,
} from '../../support/genuine-receipt.ts'
import { apiKey, listen, serveReceipt } from './support/receipt-server.ts'
import { runCli } from './support/run-cli.ts'

const receipt = genuineReceipt()
const hash = receipt.receipt_hash

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'b3iq-cli-'))
})
afterAll(() => rm(folder, { recursive: true }))

let written = 0
async function file(content: unknown): Promise<string> {
  written += 1
  const path = join(folder, `${written}.json`)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const verifyFile = async (view: ReceiptView, ...options: string[]) =>
  runCli('verify', await file(view), '--keys', await file(published), ...options)

describe('by hash', () => {
  it('proves the public view and sums it up', async () => {
    const { url, asked } = await serveReceipt(receipt)
    expect(await runCli('verify', hash, '--gateway', url)).toEqual({
      code: 0,
      err: '',
      out: `check      outcome   detail
asked      passed    it is the receipt asked for
hash       passed    the body has the receipt hash
signature  passed    signed by the gateway's key rk_1
charge     passed    the charge follows from billed tokens and price
split      passed    host share and fee add up to the charge
hold       unjudged  the public view does not show the hold
private    unjudged  the public view has no private part
node       unjudged  no node in this view
claim      unjudged  no node claim in this view

Verified: maker/model, completed, billed 120 prompt tokens (20 cached) and 34 completion tokens, charge 0.000036901 USD.
Keys: ${url}
`,
    })
    expect(asked.map(({ authorization }) => authorization)).toEqual([undefined, undefined])
  })

  it('proves the private part with a key and the salt, and shows the key to receipts alone', async () => {
    const { url, asked } = await serveReceipt(receipt)
    const keyFile = await file(`${apiKey}\n`)
    const options = ['--gateway', `${url}/v1/`, '--key-file', keyFile, `--salt=${salt}`]
    const { code, out } = await runCli('verify', hash, ...options)
    expect(code).toBe(0)
    expect(out).toMatch(/^private {4}passed/m)
    expect(out).toMatch(/^claim {6}passed/m)
    expect(asked).toEqual([
      { path: `/v1/receipts/${hash}`, authorization: `Bearer ${apiKey}` },
      { path: '/.well-known/b3iq/keys.json', authorization: undefined },
    ])
  })

  it("finds it by the node's hash too", async () => {
    const { url } = await serveReceipt(receipt)
    const nodeHash = receipt.body.served?.node_receipt_hash ?? ''
    expect((await runCli('verify', nodeHash, '--gateway', url)).code).toBe(0)
  })

  it('does not take another genuine receipt for the one asked for', async () => {
    const other = await serveReceipt(genuineReceipt({ totalMs: 901 }))
    const lying = await listen(async (request, response) => {
      const path = request.url?.replace(hash, genuineReceipt({ totalMs: 901 }).receipt_hash)
      response.end(await (await fetch(`${other.url}${path}`)).text())
    })
    const { code, out } = await runCli('verify', hash, '--gateway', lying)
    expect(code).toBe(1)
    expect(out).toContain('NOT verified (asked)')
  })

  it('prints one JSON object for programs', async () => {
    const { url } = await serveReceipt(receipt)
    const { code, out } = await runCli('verify', hash, '--gateway', url, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      verified: true,
      receipt_hash: hash,
      model: 'maker/model',
      billed: { prompt: 120, cached_prompt: 20, completion: 34 },
      charge: { charge_usd: '0.000036901' },
      keys: url,
    })
  })
})

describe('by file', () => {
  it('needs no network', async () => {
    const { code, out } = await verifyFile({ ...ownView(receipt), salt })
    expect(code).toBe(0)
    expect(out).not.toContain('unjudged')
  })

  it('takes the keys from the gateway where no file names them', async () => {
    const { url, asked } = await serveReceipt(receipt)
    const { code } = await runCli('verify', await file(publicView(receipt)), '--gateway', url)
    expect(code).toBe(0)
    expect(asked.map(({ path }) => path)).toEqual(['/.well-known/b3iq/keys.json'])
  })
})

const { body, signature } = receipt
const flipped = (digits: string) => (digits.startsWith('A') ? 'B' : 'A') + digits.slice(1)
const served = (change: (usage: object) => object) =>
  body.served && { ...body.served, usage: Object(change(body.served.usage)) }

describe('exits with 1 and names the check when', () => {
  it.each<[string, Partial<ReceiptView>, string]>([
    [
      'a digit of the charge',
      { body: { ...body, charge: { ...body.charge, charge_usd: '0.000036911' } } },
      'hash, signature, charge, split',
    ],
    [
      'a digit of the billed tokens',
      {
        body: {
          ...body,
          served: served((usage) => ({
            ...usage,
            billed: { prompt: 120, cached_prompt: 20, completion: 35 },
          })),
        },
      },
      'hash, signature, charge',
    ],
    ['a digit of the signature', { signature: flipped(signature) }, 'signature'],
    [
      'a digit of the hash',
      { receipt_hash: `${hash.slice(0, -1)}${hash.endsWith('0') ? 1 : 0}` },
      'hash',
    ],
    ['the account', { private: { ...receipt.private, key_id: null } }, 'private'],
    ['the salt', { salt: `${salt}x` }, 'private'],
  ])('%s differs', async (_, change, failed) => {
    const { code, out, err } = await verifyFile({ ...ownView(receipt), salt, ...change })
    expect({ code, err }).toEqual({ code: 1, err: '' })
    expect(out).toContain(`NOT verified (${failed}); the receipt states: maker/model`)
  })

  it('the salt on the command line is another', async () => {
    const { code, out } = await verifyFile(ownView(receipt), `--salt=${salt}x`, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ verified: false })
  })

  it('the keys are of another gateway', async () => {
    const keys = await file({ ...published, keys: [] })
    const { code, out } = await runCli('verify', await file(publicView(receipt)), '--keys', keys)
    expect(code).toBe(1)
    expect(out).toContain('no published receipt key rk_1 in stage test')
  })
})

it('lets no text of a receipt drive the terminal', async () => {
  const key_id = 'rk_\u{1b}[2J\u{9b}31m'
  const { out } = await verifyFile({ ...publicView(receipt), body: { ...body, key_id } })
  expect(out).toContain('no published receipt key rk_\u{fffd}[2J\u{fffd}31m')
})
