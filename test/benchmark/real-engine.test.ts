// One complete run over a real chain: our dispatch, the host's agent, and the engine that ships.
import { expect, test } from 'vitest'
import { makeDialer } from '../../src/adapters/hosts/dialer.ts'
import { ids, nowMs, random, sleep, startTimer } from '../../src/adapters/system.ts'
import { laptopBudget } from '../../src/benchmark/budget.ts'
import { makeUnpaidDispatch, makeUnpaidDocuments } from '../../src/benchmark/dispatch.ts'
import { measure } from '../../src/benchmark/measure.ts'
import { measureDocuments } from '../../src/benchmark/measure-documents.ts'
import { countRatio } from '../../src/benchmark/speeds.ts'
import type { DocumentRequest } from '../../src/protocol/document-request.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'
import { artifactDigest, makeTicketSigner, stage } from '../apps/host/support/gateway.ts'
import { startProxy } from '../apps/host/support/proxy.ts'
import { startShippedEngine } from '../apps/host/support/shipped-engine.ts'
import { modelOnSale } from '../support/model-on-sale.ts'

/** Of plain English words, which are all that a benchmark says; the catalogue's mean is over many scripts. */
const ratios = { prompt: { mean: 2, band: 0.6 }, completion: { mean: 5.58, band: 0.12 } }

async function chainTo(...engineOptions: Parameters<typeof startShippedEngine>) {
  const engine = await startShippedEngine(...engineOptions)
  const proxy = await startProxy({ runtimeUrl: engine.url, concurrency: 4 })
  const { nodeId, signer } = proxy.node
  const candidate = aCandidate({
    nodeId,
    publicKey: signer.publicKey,
    routeUrl: proxy.url,
    routeEpoch: 3,
    runtimeKind: 'llamacpp',
    artifactDigest,
    contextLength: 2_048,
  })
  const limits = { context_length: 2_048, max_output_tokens: 512 }
  const model = { ...modelOnSale('maker/model', limits), version: 1 }
  const [build] = model.profiles
  if (!build) throw new Error('the model has a build')
  const dialer = makeDialer({ allowsLoopback: true })
  const attempts = { stage, dialer, ticketSigner: () => makeTicketSigner(), ids, nowMs, startTimer }
  const target = { candidate, model, manifest: { ...build, bytes_per_token: ratios } }
  return { attempts, target, proxy }
}

test('a laptop’s run ends in seconds and sees what the engine can', async () => {
  const { attempts, target, proxy } = await chainTo(['--alias', 'local-name', '--slots', '4'])
  const dispatch = makeUnpaidDispatch(attempts)

  const startedAtMs = nowMs()
  const measured = await measure({ dispatch, ids, nowMs, sleep, random }, target, laptopBudget)
  expect(nowMs() - startedAtMs).toBeLessThan(laptopBudget.durationMs)

  if (measured.kind !== 'measured') throw new Error(JSON.stringify(measured))
  const { capabilities, concurrencyAtTarget, failures } = measured
  // The demo model calls tools and keeps to schemas by its grammar alone.
  expect(capabilities).toMatchObject({ usage: true, stop: true, tools: true, jsonSchema: true })
  expect(capabilities.contextTokens).toBeGreaterThan(1_000)
  // How many streams come in time is the machine's to say.
  expect(concurrencyAtTarget).toBeGreaterThanOrEqual(1)
  expect(failures).toBe(0)
  const ratio = countRatio([...measured.prefill, ...measured.decode])
  expect(Math.abs((ratio ?? 0) - 1)).toBeLessThan(0.15)
  await proxy.close()
}, 60_000)

test('the model that embeds is measured beside it, to the length of its context', async () => {
  const { attempts, target, proxy } = await chainTo([], { embeds: true })
  const hostBody = async ({ asked }: DocumentRequest, model: string) => ({
    bytes: Buffer.from(JSON.stringify({ ...asked, model })),
    contentType: 'application/json',
  })
  const dispatch = makeUnpaidDocuments({ ...attempts, hostBody })
  const measured = await measureDocuments({ dispatch, ids, nowMs, sleep, random }, target, {
    modality: 'embedding',
    budget: laptopBudget,
  })
  if (measured.kind !== 'documents') throw new Error(JSON.stringify(measured))
  expect(measured).toMatchObject({ failures: 0 })
  expect(measured.answers.length).toBeGreaterThanOrEqual(5)
  expect(measured.longestText).toBeGreaterThan(1_000)
  for (const { claimed, counted } of measured.answers) {
    expect(Math.abs((claimed?.prompt ?? 0) / counted - 1)).toBeLessThan(0.6)
  }
  await proxy.close()
}, 60_000)
