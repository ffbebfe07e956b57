/**
 * The handlers' bundles as Lambda runs them: under the client of its Node runtime, one event after another,
 * frozen in between.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ids } from '../../src/adapters/system.ts'
import { newStageSecrets } from '../../src/keys/stage-secrets.ts'
import { envKey } from '../../src/names.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../support/embedded-dynamodb.ts'
import { stageEnvironment } from '../support/stage-environment.ts'
import { environmentOf, synthesizeArtefacts } from './lambda/artefacts.ts'
import type { Invocation } from './lambda/invocation.ts'
import { openRuntimeSandbox, type Sandbox } from './lambda/sandbox.ts'
import { isThere } from './lambda/tools.ts'
import { urlEvent } from './lambda/url-event.ts'

const stage = 'dev'
const openWithinMs = 240_000

const Reply = z.object({ statusCode: z.int(), body: z.string() })
const BatchReply = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })),
})
const Key = z.object({ key: z.string() })

async function replyOf(invocation: Invocation) {
  expect(await invocation.ended()).toMatchObject({ kind: 'answered' })
  expect(invocation.responseMode()).toBe('buffered')
  const { statusCode, body } = Reply.parse(JSON.parse(invocation.body()))
  return { statusCode, body: z.unknown().parse(JSON.parse(body)) }
}

describe.skipIf(!isThere('ric'))("under the runtime's client", () => {
  let artefacts: ReturnType<typeof synthesizeArtefacts>
  let database: EmbeddedDynamodb
  let folder: string
  let filled: Record<string, string>
  const opened: Sandbox[] = []

  beforeAll(async () => {
    artefacts = synthesizeArtefacts(stage, ['ingest', 'admin', 'schedules', 'streams'])
    database = await startEmbeddedDynamodb()
    folder = await mkdtemp(join(tmpdir(), 'b3iq-secrets-'))
    const secrets = newStageSecrets(stage, { ids, nowMs: Date.now() })
    const {
      // The template's stand.
      [envKey.deadlineMs]: _deadline,
      [envKey.leaseMarginMs]: _margin,
      ...ours
    } = await stageEnvironment({ ...database, secrets }, { stage, folder })
    filled = ours
  }, openWithinMs)
  afterAll(async () => {
    await Promise.all(opened.map((sandbox) => sandbox.stop()))
    await database?.stop()
    artefacts?.remove()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  /** `changes` are of the environment. */
  async function open(name: string, changes: Readonly<Record<string, string>> = {}) {
    const artefact = artefacts.artefactOf(name)
    expect(artefact.handler).toBe('index.handler')
    const variables = environmentOf(artefact, { ...filled, ...changes })
    const sandbox = await openRuntimeSandbox({ ...artefact, variables })
    opened.push(sandbox)
    return sandbox
  }

  test('ingest answers hosts, and says what is wrong with what they sent', async () => {
    const sandbox = await open('Ingest')
    const path = '/ingest/v1/enroll/challenge'
    const bad = await replyOf(await sandbox.invoke(urlEvent({ path, body: {} })))
    expect(bad).toMatchObject({ statusCode: 400, body: { error: { param: 'public_key' } } })
    const missing = await replyOf(await sandbox.invoke(urlEvent({ path: '/ingest/v1/nothing' })))
    expect(missing).toMatchObject({ statusCode: 404 })
    expect(sandbox.api.faults()).toEqual([])
  })

  test("bootstrap makes the first operator's key, which admin then takes", async () => {
    const bootstrap = await open('Bootstrap')
    const made = await replyOf(
      await bootstrap.invoke(urlEvent({ path: '/admin/bootstrap', body: {} })),
    )
    expect(made.statusCode).toBe(200)
    const admin = await open('Admin')
    const nodes = (headers: Record<string, string>) =>
      admin.invoke(urlEvent({ method: 'GET', path: '/admin/nodes', headers }))
    expect(await replyOf(await nodes({}))).toMatchObject({ statusCode: 401 })
    const { key } = Key.parse(made.body)
    expect(await replyOf(await nodes({ authorization: `Bearer ${key}` }))).toMatchObject({
      statusCode: 200,
    })
    expect([...bootstrap.api.faults(), ...admin.api.faults()]).toEqual([])
  })

  test('a schedule that cannot read its secrets fails, and runs once it can', async () => {
    const file = join(folder, 'later.json')
    const sandbox = await open('ExpireHolds', { [envKey.secretsSource]: `file:${file}` })
    const failed = await (await sandbox.invoke({})).ended()
    expect(failed).toMatchObject({
      kind: 'failed',
      fault: {
        errorMessage: expect.stringContaining(`The secrets in file:${file} cannot be read`),
      },
    })
    writeFileSync(file, JSON.stringify(newStageSecrets(stage, { ids, nowMs: Date.now() })), {
      mode: 0o600,
    })
    expect(await (await sandbox.invoke({})).ended()).toMatchObject({ kind: 'answered' })
    expect(sandbox.output()).toContain('schedule_ran')
    expect(sandbox.api.faults()).toEqual([])
    rmSync(file)
  })

  test('what the stream starts answers for each record, and an event of another kind is an error', async () => {
    const sandbox = await open('RollUpSpend')
    const strange = await (await sandbox.invoke({ strange: true })).ended()
    expect(strange).toMatchObject({ kind: 'failed', fault: { errorType: expect.any(String) } })
    const image = { pk: { S: 'acct_1' }, sk: { S: 'hold' }, receiptHash: { S: 'hash' } }
    const dynamodb = { SequenceNumber: '7', ApproximateCreationDateTime: 1, NewImage: image }
    const invocation = await sandbox.invoke({ Records: [{ eventName: 'INSERT', dynamodb }] })
    expect(await invocation.ended()).toMatchObject({ kind: 'answered' })
    expect(BatchReply.parse(JSON.parse(invocation.body()))).toEqual({
      batchItemFailures: [{ itemIdentifier: '7' }],
    })
    expect(sandbox.api.faults()).toEqual([])
  })

  test('secrets that cannot be read: the start is reported as failed, with a sentence', async () => {
    const source = artefacts.artefactOf('Ingest').variables[envKey.secretsSource] ?? ''
    const sandbox = await open('Ingest', {
      [envKey.secretsSource]: source,
      AWS_ENDPOINT_URL_SSM: 'http://127.0.0.1:1',
    })
    expect(await sandbox.api.initFault()).toMatchObject({
      errorMessage: expect.stringContaining(`The secrets in ${source} cannot be read`),
    })
    expect((await sandbox.exited()).code).not.toBe(0)
  })
})
