// The script as operators run it, between a runner that shows log-probabilities and the admin API.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tauMin } from '../../src/spot-checks/make-reference.ts'
import { asLogprobs, moved } from '../spot-checks/facts.ts'
import {
  type ControlPlane,
  catalogueModel,
  digestOf,
  startControlPlane,
} from '../support/control-plane.ts'

const script = new URL('../../scripts/spot-check-reference.ts', import.meta.url).pathname
let plane: ControlPlane
let folder: string
let adminUrl: string
let runnerUrl: string
let blindUrl: string
const stops: (() => void)[] = []

beforeAll(async () => {
  plane = await startControlPlane()
  await plane.catalogue.putModel(catalogueModel('maker/model', [digestOf('a')]))
  folder = await mkdtemp(join(tmpdir(), 'b3iq-reference-'))
  await writeFile(join(folder, 'operator.key'), `${plane.operatorKey('operator')}\n`)
  await writeFile(join(folder, 'viewer.key'), plane.operatorKey('viewer'))
  adminUrl = await listen(getRequestListener(plane.adminOf({}).fetch))
  /** Its tops depend on the prompt, and on nothing else. */
  runnerUrl = await listen(async (request, response) => {
    const { messages } = JSON.parse(await text(request))
    const logprobs = asLogprobs(moved(-JSON.stringify(messages).length / 1_000))
    response.end(JSON.stringify({ choices: [{ logprobs }] }))
  })
  blindUrl = await listen((_, response) => void response.end('{"choices":[{"logprobs":null}]}'))
})
afterAll(async () => {
  for (const stop of stops) stop()
  await plane.stop()
  await rm(folder, { recursive: true })
})

async function listen(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(answer ?? (() => undefined)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

const run = (changes: Readonly<Record<string, string>> = {}) => {
  const options = {
    profile: 'maker/model@0',
    endpoint: runnerUrl,
    'runtime-kind': 'llamacpp',
    'runtime-version': 'b6600',
    admin: adminUrl,
    'operator-key-file': join(folder, 'operator.key'),
    prompts: '20',
    ...changes,
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  return promisify(execFile)(process.execPath, [script, ...args], { timeout: 20_000 })
}

test('hands in fresh prompts with what the runner showed', async () => {
  const { stdout } = await run()
  expect(JSON.parse(stdout)).toEqual({
    profile: 'maker/model@0',
    prompts: 20,
    noise: 0,
    tau: tauMin,
  })
  const of = {
    profileId: 'maker/model@0',
    runtimeKind: 'llamacpp',
    runtimeVersion: 'b6600',
  } as const
  const reference = await plane.spotChecks.readReference(of)
  expect(reference).toMatchObject({ artifact_digest: digestOf('a'), tau: tauMin })
  for (const { messages, top } of reference?.readings ?? []) {
    expect(top).toEqual(moved(-JSON.stringify(messages).length / 1_000))
  }
  await run()
  const renewed = await plane.spotChecks.readReference(of)
  expect(renewed?.readings).not.toEqual(reference?.readings)
})

describe('says what is wrong in one line', () => {
  test.each([
    ['a runner without log-probabilities', () => ({ endpoint: blindUrl }), 'shows no top'],
    ['an unknown profile', () => ({ profile: 'maker/model@9' }), 'has no profile maker/model@9'],
    ['a wrong kind', () => ({ 'runtime-kind': 'tgi' }), '--runtime-kind is missing or wrong'],
    ['too many prompts', () => ({ prompts: '97' }), '--prompts is missing or wrong'],
    ['a key that may not', () => ({ 'operator-key-file': join(folder, 'viewer.key') }), '403'],
  ] as const)('%s', async (_, changes, why) => {
    const failure = await run({ ...changes(), prompts: '2', ...changes() }).catch((error) => error)
    expect(failure).toMatchObject({ code: 1, stdout: '' })
    expect(String(failure.stderr)).toContain(why)
    expect(String(failure.stderr).trim().split('\n')).toHaveLength(1)
  })
})
