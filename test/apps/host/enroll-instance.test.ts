// An agent on EC2 enrols without a code; elsewhere it says in one sentence what is missing.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { enroll } from '../../../apps/host/enroll.ts'
import { type Enrolment, readState, writeState } from '../../../apps/host/state-file.ts'
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

async function enrolling(
  config: object,
  credentials: object,
  metadata?: string,
  rootPublicKey?: () => string,
) {
  const imds = await startFakeImds({
    region: 'eu-west-1',
    credentials: { ...session, ...credentials },
  })
  const ingest = await startFakeIngest(rootPublicKey ? { rootPublicKey } : {})
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', metadata ?? imds.origin)
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await Promise.all([imds.stop(), ingest.close()])
  })
  const { configPath, folder } = await writeHostConfig({ runtimes, ...config })
  onTestFinished(() => rm(folder, { recursive: true }))
  const enrol = (code?: string) => enroll({ configPath, code, ingestUrl: ingest.url })
  return { ingest, enrol, statePath: join(folder, 'state.json') }
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

describe('an instance that enrols at its next start', () => {
  const [first, later, foreign] = ['A', 'E', 'I'].map((letter) => letter.repeat(43))
  const learnedWith = (endsAtMs: number | null): Enrolment['learned_keys'] => ({
    digest: 'd'.repeat(64),
    refused: 'no_known_root',
    ticket_roots: [{ public_key: later ?? '', not_after_ms: endsAtMs }],
    job_keys: [],
  })

  /** Enrolled, and taught by heartbeats; then another answers as ingest, and it enrols once more. */
  async function again(change: Partial<Enrolment>, code?: string) {
    let root = first ?? ''
    const { enrol, statePath } = await enrolling({ machine: 'ec2' }, {}, undefined, () => root)
    const enrolment = await enrol()
    const state = await readState(statePath)
    await writeState(statePath, {
      ...state,
      enrolment: { ...enrolment, route_epoch: 1, ...change },
    })
    root = foreign ?? ''
    await enrol(code)
    return (await readState(statePath)).enrolment
  }

  test('keeps the keys that it trusts, and what it refused; only its route is new', async () => {
    const learned_keys = learnedWith(null)
    expect(await again({ learned_keys })).toMatchObject({
      ticket_root_public_keys: [first],
      learned_keys,
      route_epoch: 3,
    })
    expect(await again({})).toMatchObject({ ticket_root_public_keys: [first] })
  })

  test.each<[string, Partial<Enrolment>, string | undefined]>([
    ['it brings a code, its owner’s word', {}, `b3iq-join-${'x'.repeat(22)}`],
    ['it was of another stage', { stage: 'other' }, undefined],
    ['it was another node', { node_id: 'n_n7k4aaaaaaaaaaaaaaaaaaaaaa' }, undefined],
    ['every key that it trusted has ended', { learned_keys: learnedWith(1) }, undefined],
  ])('begins anew where %s', async (_, change, code) => {
    const enrolment = await again({ learned_keys: learnedWith(null), ...change }, code)
    expect(enrolment).toMatchObject({ ticket_root_public_keys: [foreign] })
    expect(enrolment).not.toHaveProperty('learned_keys')
  })
})
