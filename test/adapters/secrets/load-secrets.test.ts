/** A stage's secrets from a file and, through the real SDK, from a server that speaks SSM's protocol. */
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadSecrets } from '../../../src/adapters/secrets/load-secrets.ts'
import { ids } from '../../../src/adapters/system.ts'
import { newStageSecrets } from '../../../src/keys/stage-secrets.ts'

const secrets = newStageSecrets('test', { ids, nowMs: 0 })
const document = JSON.stringify(secrets)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'b3iq-secrets-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function fileWith(content: string, mode = 0o600): Promise<string> {
  const path = join(folder, `${ids.token(6)}.json`)
  await writeFile(path, content)
  await chmod(path, mode)
  return `file:${path}`
}

describe('a file', () => {
  test('that only its owner reads is read', async () => {
    expect(await loadSecrets(await fileWith(document), 'test')).toEqual(secrets)
    expect(await loadSecrets(await fileWith(document, 0o400), 'test')).toEqual(secrets)
  })

  test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o644, 0o620])(
    'of mode %i is refused, with the command that mends it',
    async (mode) => {
      const source = await fileWith(document, mode)
      const path = source.slice('file:'.length)
      await expect(loadSecrets(source, 'test')).rejects.toThrow(
        `The secrets file ${path} is readable by others: run "chmod 600 ${path}".`,
      )
    },
  )

  test('that is not there is named', async () => {
    const source = `file:${join(folder, 'none.json')}`
    const refused = expect(loadSecrets(source, 'test')).rejects
    await refused.toThrow(`The secrets in ${source} cannot be read: Error ENOENT`)
  })
})

describe('a document', () => {
  const { receipt_key } = secrets
  const wrongStage = 'belong to stage "prod", this is stage "test"'
  test.each([
    ['of another stage', { ...secrets, stage: 'prod' }, wrongStage],
    ['without a field', { ...secrets, peppers: undefined }, 'not valid at "peppers"'],
    ['with a field too many', { ...secrets, extra: 1 }, '"extra"'],
    ['whose pepper is not there', { ...secrets, pepper_current: 'p2' }, 'must be one of peppers'],
    [
      'with half a key',
      { ...secrets, receipt_key: { ...receipt_key, private_key: { kty: 'OKP' } } },
      'not valid at "receipt_key.private_key',
    ],
    ['that is empty', '', 'not valid at ""'],
    ['that is cut short', document.slice(0, -1), 'not valid at ""'],
    ['that is another one', [], 'not valid at ""'],
  ])('%s is refused in one sentence, without a word of it', async (_, content, message) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    const source = await fileWith(text)
    const refusal = String(await loadSecrets(source, 'test').catch((error: unknown) => error))
    expect(refusal).toContain(`Error: The secrets in ${source} `)
    expect(refusal).toContain(message)
    for (const secret of [secrets.bootstrap_token, receipt_key.private_key.d]) {
      expect(refusal).not.toContain(secret)
    }
  })
})

test.each(['', 'env:SECRETS', '/etc/secrets.json'])('the source %j is none', async (source) => {
  const refused = expect(loadSecrets(source, 'test')).rejects
  await refused.toThrow(`The secrets source "${source}" must start with "ssm:" or "file:".`)
})

describe('a parameter', () => {
  const asked: { readonly target: unknown; readonly body: unknown }[] = []
  const parameters = new Map([
    ['/b3iq/test/secrets', document],
    ['/b3iq/empty', ''],
  ])
  const newest = 3
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request))
    asked.push({ target: request.headers['x-amz-target'], body })
    const [Name = '', version = String(newest)] = body.Name.split(':')
    const Value = parameters.get(Name)
    response.setHeader('content-type', 'application/x-amz-json-1.1')
    const fault = Name === '/b3iq/forbidden' ? 'AccessDeniedException' : 'ParameterNotFound'
    const __type = Value === undefined ? fault : 'ParameterVersionNotFound'
    if (Value === undefined || Number(version) > newest) {
      response.writeHead(400).end(JSON.stringify({ __type }))
    } else {
      const Parameter = { Name, Type: 'SecureString', Value, Version: Number(version) }
      response.end(JSON.stringify({ Parameter }))
    }
  })

  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    vi.stubEnv('AWS_ENDPOINT_URL_SSM', `http://127.0.0.1:${port}`)
    vi.stubEnv('AWS_REGION', 'eu-central-1')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  })
  afterEach(() => asked.splice(0))
  afterAll(() => {
    vi.unstubAllEnvs()
    server.closeAllConnections()
    server.close()
  })

  test('is asked for once, decrypted, by its name', async () => {
    expect(await loadSecrets('ssm:/b3iq/test/secrets', 'test')).toEqual(secrets)
    const body = { Name: '/b3iq/test/secrets', WithDecryption: true }
    expect(asked).toEqual([{ target: 'AmazonSSM.GetParameter', body }])
  })

  test('is asked for in the version that was deployed, which the server counts', async () => {
    expect(await loadSecrets('ssm:/b3iq/test/secrets:3', 'test')).toEqual(secrets)
    expect(asked).toMatchObject([{ body: { Name: '/b3iq/test/secrets:3' } }])
  })

  test.each([
    [
      '/b3iq/none',
      /ParameterNotFound.*: store them with the command that "npm run secrets" prints\.$/,
    ],
    [
      '/b3iq/test/secrets:9',
      /ParameterVersionNotFound.*: set secretsVersion in infra\/stages to a version that "aws ssm put-parameter" printed\.$/,
    ],
  ])('%s, which is not there, is named in one sentence with what to do', async (name, message) => {
    const refused = expect(loadSecrets(`ssm:${name}`, 'test')).rejects
    await refused.toThrow(`The secrets in ssm:${name} cannot be read: `)
    await expect(loadSecrets(`ssm:${name}`, 'test')).rejects.toThrow(message)
  })

  test('that the role may not read is not asked for again', async () => {
    const refused = expect(loadSecrets('ssm:/b3iq/forbidden', 'test')).rejects
    await refused.toThrow(/^The secrets in ssm:\/b3iq\/forbidden cannot be read: AccessDenied/)
    expect(asked).toHaveLength(1)
  })

  test('without a value is refused', async () => {
    await expect(loadSecrets('ssm:/b3iq/empty', 'test')).rejects.toThrow('not valid at ""')
  })
})
