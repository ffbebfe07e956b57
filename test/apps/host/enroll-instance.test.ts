// An agent on EC2 enrols without a code; elsewhere it says in one sentence what is missing.
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { enroll } from '../../../apps/host/enroll.ts'
import { CallerIdentity } from '../../../src/protocol/caller-identity.ts'
import { startFakeImds } from '../../support/fake-imds.ts'
import { startFakeIngest } from './support/fake-ingest.ts'
import { writeHostConfig } from './support/host-config-file.ts'

const runtimes = [{ id: 'main', url: 'http://127.0.0.1:1' }]
const session = {
  accessKeyId: 'ASIA0123456789ABCDEF',
  secretAccessKey: 'of-the-instance-alone',
  sessionToken: 'dG9rZW4=',
}

async function enrolling(config: object, credentials: object, metadata?: string) {
  const imds = await startFakeImds({
    region: 'eu-west-1',
    credentials: { ...session, ...credentials },
  })
  const ingest = await startFakeIngest()
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', metadata ?? imds.origin)
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await Promise.all([imds.stop(), ingest.close()])
  })
  const { configPath } = await writeHostConfig({ runtimes, ...config })
  return { ingest, enrol: () => enroll({ configPath, code: undefined, ingestUrl: ingest.url }) }
}

describe('without a code', () => {
  test('an EC2 instance sends its identity, and its secret stays', async () => {
    const { ingest, enrol } = await enrolling({ machine: 'ec2' }, {})
    await enrol()
    const [order] = ingest.enrolments
    expect(order).not.toHaveProperty('join_code')
    expect(CallerIdentity.parse(order?.caller_identity)).toMatchObject({
      region: 'eu-west-1',
      access_key_id: session.accessKeyId,
      session_token: session.sessionToken,
    })
    expect(JSON.stringify(order)).not.toContain(session.secretAccessKey)
  })

  test.each<[string, object, object, string | undefined, RegExp]>([
    [
      'any other machine',
      {},
      {},
      undefined,
      /^--code is missing: ask the operator for a join code/,
    ],
    [
      'a machine that only says it is one',
      { machine: 'ec2' },
      {},
      'http://127.0.0.1:1',
      /^EC2's metadata service does not answer .*: "machine": "ec2" is for instances with a role\.$/,
    ],
    [
      'an instance with the keys of a user',
      { machine: 'ec2' },
      { accessKeyId: 'AKIA0123456789ABCDEF' },
      undefined,
      /^The credentials of this instance are not those of a role: give it one\.$/,
    ],
  ])('%s enrols nothing', async (_, config, credentials, metadata, message) => {
    const { ingest, enrol } = await enrolling(config, credentials, metadata)
    await expect(enrol()).rejects.toThrow(message)
    expect(ingest.enrolments).toEqual([])
  })
})
