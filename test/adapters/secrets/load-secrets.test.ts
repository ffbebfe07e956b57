/** A stage's secrets from a file and, through the real SDK, from a server that speaks SSM's protocol. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadSecrets } from '../../../src/adapters/secrets/load-secrets.ts'
import { ids } from '../../../src/adapters/system.ts'
import {
  newStageSecrets,
  peppersOf,
  publishedKeysOf,
  StageSecrets,
} from '../../../src/keys/stage-secrets.ts'

const secrets = newStageSecrets('test', { ids, nowMs: 1_795_219_200_000 })
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'b3iq-secrets-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))
afterEach(() => vi.unstubAllEnvs())

async function file(content: unknown, mode = 0o600): Promise<string> {
  const path = join(dir, `${ids.token(6)}.json`)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  await chmod(path, mode)
  return `file:${path}`
}

describe('from a file', () => {
  test('come back whole', async () => {
    expect(await loadSecrets(await file(secrets), 'test')).toEqual(secrets)
  })
  test('that others can read are refused, with the command that mends it', async () => {
    await expect(loadSecrets(await file(secrets, 0o644), 'test')).rejects.toThrow(
      /is readable by others: run "chmod 600 .*"\.$/,
    )
  })
  test('of another stage are refused', async () => {
    await expect(loadSecrets(await file(secrets), 'prod')).rejects.toThrow(
      /belong to stage "test", this is stage "prod"\.$/,
    )
  })
  test.each([
    ['no JSON', '{'],
    ['a pepper that is not there', { ...secrets, pepper_current: 'p9' }],
    [
      'a key that is cut short',
      { ...secrets, receipt_key: { ...secrets.receipt_key, key_id: '' } },
    ],
    ['a field too many', { ...secrets, extra: 1 }],
  ])('with %s are refused without a word of their content', async (_, content) => {
    const failure = await loadSecrets(await file(content), 'test').catch((error: Error) => error)
    expect(failure).toBeInstanceOf(Error)
    expect(String(failure)).toMatch(/The secrets in file:.* are not valid at/)
    for (const secret of [secrets.bootstrap_token, secrets.receipt_key.private_key.d]) {
      expect(String(failure)).not.toContain(secret)
    }
  })
  test('need a source that is known', async () => {
    await expect(loadSecrets('env:SECRETS', 'test')).rejects.toThrow('must start with "ssm:"')
  })
})

test('from SSM: the parameter is asked for decrypted, by its name', async () => {
  const asked: unknown[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      asked.push([request.headers['x-amz-target'], JSON.parse(body)])
      const Parameter = { Name: '/b3iq/test/secrets', Value: JSON.stringify(secrets) }
      response.setHeader('content-type', 'application/x-amz-json-1.1')
      response.end(JSON.stringify({ Parameter }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  vi.stubEnv('AWS_ENDPOINT_URL_SSM', `http://127.0.0.1:${port}`)
  vi.stubEnv('AWS_REGION', 'eu-central-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  try {
    expect(await loadSecrets('ssm:/b3iq/test/secrets', 'test')).toEqual(secrets)
    const target = 'AmazonSSM.GetParameter'
    expect(asked).toEqual([[target, { Name: '/b3iq/test/secrets', WithDecryption: true }]])
  } finally {
    server.close()
  }
})

describe('of a stage', () => {
  test('show the world public halves alone, retired ones included', () => {
    const retired = {
      key_id: 'rk_old',
      use: 'receipt' as const,
      public_key: publishedKeysOf(secrets).keys[0]?.public_key ?? '',
      not_before_ms: 1,
      not_after_ms: 2,
    }
    const published = publishedKeysOf({ ...secrets, retired_keys: [retired] })
    expect(published.keys.map((key) => key.use)).toEqual(['receipt', 'ticket_root', 'receipt'])
    const text = JSON.stringify(published)
    for (const { d } of [secrets.receipt_key.private_key, secrets.ticket_root_key.private_key]) {
      expect(text).not.toContain(d)
    }
  })
  test('keep old peppers beside the current one', () => {
    const rotated = StageSecrets.parse({
      ...secrets,
      pepper_current: 'p2',
      peppers: { ...secrets.peppers, p2: ids.token(32) },
    })
    expect([...peppersOf(rotated).byId.keys()]).toEqual(['p1', 'p2'])
    expect(peppersOf(rotated).current).toBe('p2')
  })
  test('are never made twice the same', () => {
    const other = newStageSecrets('test', { ids, nowMs: 0 })
    expect(other.enrolment_secret).not.toBe(secrets.enrolment_secret)
    expect(other.receipt_key.private_key).not.toEqual(secrets.receipt_key.private_key)
    expect(other.receipt_key.private_key).not.toEqual(other.ticket_root_key.private_key)
  })
})
