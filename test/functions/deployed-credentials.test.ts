import { createServer } from 'node:http'
import { afterEach, expect, test, vi } from 'vitest'
import { defaultProvider } from '../../functions/deployed-credentials.ts'

const names = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
] as const

function credentialsWith(env: Partial<Record<(typeof names)[number], string>>) {
  for (const name of names) vi.stubEnv(name, env[name])
  return defaultProvider()()
}

afterEach(() => {
  vi.unstubAllEnvs()
})

test('are those that Lambda writes into the environment', async () => {
  const env = {
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
  }
  expect(await credentialsWith(env)).toEqual({
    accessKeyId: 'id',
    secretAccessKey: 'secret',
    sessionToken: 'token',
  })
})

test('are asked of the address that the environment names, with its token and their end', async () => {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url, request.headers.authorization)
    const Expiration = '2030-01-01T00:00:00Z'
    response.end(
      JSON.stringify({ AccessKeyId: 'id', SecretAccessKey: 's', Token: 't', Expiration }),
    )
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  try {
    const credentials = await credentialsWith({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'proof',
    })
    expect(credentials).toMatchObject({
      accessKeyId: 'id',
      expiration: new Date('2030-01-01T00:00:00Z'),
    })
    expect(asked).toEqual(['/credentials', 'proof'])
  } finally {
    server.close()
  }
})

test('are missed in a sentence that says what to set', async () => {
  await expect(credentialsWith({})).rejects.toThrow(/no AWS credentials: set AWS_ACCESS_KEY_ID/)
})
