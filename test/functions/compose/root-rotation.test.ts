/**
 * The ticket root and the job key are rotated under a running agent, with ingest and gateway as they are
 * deployed, one before the other: no dispatch is refused, also not after the agent was off for a rotation.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { enroll } from '../../../apps/host/enroll.ts'
import type { ReadyLine } from '../../../apps/host/ready-line.ts'
import { run } from '../../../apps/host/run.ts'
import { composeIngest } from '../../../functions/compose/ingest.ts'
import { attemptDepsOf } from '../../../functions/compose/parts.ts'
import { readConfig } from '../../../functions/environment.ts'
import { makeFleetStore } from '../../../src/adapters/dynamodb/fleet-store.ts'
import { makeJoinCodeStore } from '../../../src/adapters/dynamodb/join-code-store.ts'
import { ids, nowMs } from '../../../src/adapters/system.ts'
import { startAttempt } from '../../../src/dispatch/attempt.ts'
import { makeIngestApp } from '../../../src/ingest/app.ts'
import { adoptKey, announceKey, type Rotated } from '../../../src/keys/rotate-secrets.ts'
import { type KeyUse, newStageSecrets, type StageSecrets } from '../../../src/keys/stage-secrets.ts'
import { envKey } from '../../../src/names.ts'
import { sha256Hex } from '../../../src/protocol/canonical.ts'
import { type FakeRuntime, portOf, startFakeRuntime } from '../../apps/host/support/fake-runtime.ts'
import { artifactDigest } from '../../apps/host/support/gateway.ts'
import { writeHostConfig } from '../../apps/host/support/host-config-file.ts'
import { ollama } from '../../apps/host/support/surfaces.ts'
import { chatOrderTo } from '../../dispatch/chat-order.ts'
import { type EmbeddedDynamodb, startEmbeddedDynamodb } from '../../support/embedded-dynamodb.ts'
import { stageEnvironment } from '../../support/stage-environment.ts'

const stage = 'local'
let engine: EmbeddedDynamodb
let folder: string
let runtime: FakeRuntime
beforeAll(async () => {
  engine = await startEmbeddedDynamodb()
  folder = await mkdtemp(join(tmpdir(), 'b3iq-rotation-'))
  const model = { name: 'm', digest: artifactDigest, size: 1 }
  runtime = await startFakeRuntime({ surface: { ...ollama, '/api/tags': { models: [model] } } })
})
afterAll(async () => {
  await runtime.close()
  await engine.stop()
  await rm(folder, { recursive: true })
})

const environmentOf = async (secrets: StageSecrets) => ({
  ...(await stageEnvironment({ ...engine, secrets }, { stage, folder })),
  [envKey.beatIntervalMs]: '250',
})

function done(rotated: Rotated): StageSecrets {
  if (!rotated.ok) throw new Error(rotated.message)
  return rotated.secrets
}
const uses: readonly KeyUse[] = ['ticket_root', 'job']
const announced = (from: StageSecrets) =>
  uses.reduce((one, use) => done(announceKey(one, use, { ids, nowMs: nowMs(), waitMs: 0 })), from)
const adopted = (from: StageSecrets, overlapMs: number) =>
  uses.reduce((one, use) => done(adoptKey(one, use, { nowMs: nowMs(), overlapMs })), from)

/** Ingest at one address, which is deployed anew with every document. */
async function startIngest(secrets: StageSecrets) {
  const deployed = async (document: StageSecrets) =>
    getRequestListener(makeIngestApp(await composeIngest(await environmentOf(document))).fetch)
  let answer = await deployed(secrets)
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    deploy: async (document: StageSecrets) => {
      answer = await deployed(document)
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function startAgent(configPath: string) {
  const stop = new AbortController()
  const learned: unknown[] = []
  const { promise: ready, resolve } = Promise.withResolvers<ReadyLine>()
  const ended = run({
    configPath,
    stop: stop.signal,
    onReady: resolve,
    log: (event, fields) => {
      if (event === 'operator_keys') learned.push(fields?.code)
    },
  })
  await Promise.race([ready, ended])
  const { port, node_id: nodeId } = await ready
  return {
    nodeId,
    url: `http://127.0.0.1:${port}`,
    hasLearned: (lists: number) =>
      vi.waitFor(() => expect(learned).toEqual(Array(lists).fill('ok')), { timeout: 10_000 }),
    stop: async () => {
      stop.abort()
      await ended
    },
  }
}

type Agent = Awaited<ReturnType<typeof startAgent>>

/** By a gateway that was started with this document. */
async function dispatch(agent: Agent, publicKey: string, secrets: StageSecrets) {
  const config = readConfig(await environmentOf(secrets))
  const attempt = await startAttempt(
    attemptDepsOf({ config, secrets }),
    chatOrderTo({ nodeId: agent.nodeId, publicKey, routeUrl: agent.url, routeEpoch: 1 }),
  )
  if (attempt.kind === 'failed') return attempt.reason
  const kinds = (await Array.fromAsync(attempt.events)).flat().map(({ kind }) => kind)
  return kinds.includes('claim') ? 'served' : kinds.join()
}

test('no dispatch is refused while root and job key are rotated, or after the agent missed a rotation', async () => {
  const first = newStageSecrets(stage, { ids, nowMs: nowMs() })
  const ingest = await startIngest(first)
  const { configPath, folder: hostFolder } = await writeHostConfig({
    runtimes: [{ id: 'rt1', url: runtime.url }],
    route: { kind: 'direct', url: 'http://127.0.0.1:1' },
  })
  const code = `b3iq-join-${ids.token(16)}`
  const codes = makeJoinCodeStore(engine)
  const expiresAtMs = nowMs() + 60_000
  await codes.putJoinCode({ codeHash: sha256Hex(code), ownerId: 'ada', expiresAtMs })
  const { node_id: nodeId } = await enroll({ configPath, code, ingestUrl: ingest.url })
  const fleet = makeFleetStore(engine)
  await fleet.changeStatus({ nodeId, from: ['pending'], to: 'approved' })
  const publicKey = (await fleet.readNode(nodeId))?.publicKey ?? ''

  let agent = await startAgent(configPath)
  const served = async (secrets: StageSecrets) =>
    expect(await dispatch(agent, publicKey, secrets)).toBe('served')
  await agent.hasLearned(1)
  await served(first)

  const second = announced(first)
  await ingest.deploy(second)
  await agent.hasLearned(2)
  await served(first)
  const third = adopted(second, 3_600_000)
  // The gateway is deployed before ingest tells of it, and one of its processes late.
  await served(third)
  await served(second)
  await ingest.deploy(third)
  await agent.hasLearned(3)
  await served(third)
  await served(second)

  await agent.stop()
  const fifth = adopted(announced(third), 0)
  await ingest.deploy(fifth)
  agent = await startAgent(configPath)
  await agent.hasLearned(1)
  await served(fifth)
  expect(await dispatch(agent, publicKey, newStageSecrets(stage, { ids, nowMs: nowMs() }))).toBe(
    'refused',
  )
  await agent.stop()
  ingest.stop()
  await rm(hostFolder, { recursive: true })
}, 60_000)
