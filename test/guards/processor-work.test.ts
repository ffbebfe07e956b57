// What a paid request asks of the processor, in counts that are the same on every machine: signatures, which cost
// it most, and what is done for each chunk of an answer, which is done most often.
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeGatewayApp } from '../../src/gateway/app.ts'
import { sha256Hex } from '../../src/protocol/canonical.ts'
import { askChat } from '../support/chat-client.ts'
import {
  type Customer,
  type GatewayBench,
  type Sale,
  startGatewayBench,
} from '../support/gateway-bench.ts'
import { answers, counts, finishes, says, streams } from '../support/host-answers.ts'

let bench: GatewayBench
let sale: Sale
/** Without the checks that other tests put around it. */
let gateway: ReturnType<typeof makeGatewayApp>
let customer: Customer
beforeAll(async () => {
  bench = await startGatewayBench()
  sale = await bench.sale([streams(['Hello'])])
  customer = await bench.customer()
  gateway = makeGatewayApp(bench.deps)
  // The first request loads what the others find.
  await ask()
})
afterAll(() => bench.stop())

/** Written as JSON beforehand, here and not while it is counted. */
function hostSays(chunks: number): void {
  const word = ' word'
  const words = Array.from({ length: chunks }, () => says(word))
  const frames = [...words, finishes(), counts(9, chunks)]
  const text = frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join('')
  const claim = { output_sha256: sha256Hex(word.repeat(chunks)), usage: null }
  sale.host.plays(answers({ frames: [text], claim }))
}

async function ask(): Promise<void> {
  const response = await askChat(gateway, customer, { model: sale.model.id, stream: true })
  const text = await response.text()
  if (!text.endsWith('data: [DONE]\n\n')) throw new Error(`no whole answer: ${text.slice(-300)}`)
}

/** How often each of these is called while `act` runs; they do what they ever do. */
async function callsIn<Name extends string>(
  owner: Record<Name, unknown>,
  names: readonly Name[],
  act: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const calls = Object.fromEntries(names.map((name) => [name, 0]))
  const real = names.map((name) => [name, owner[name]] as const)
  for (const [name, work] of real) {
    if (typeof work !== 'function') throw new Error(`${name} is no function`)
    owner[name] = function counted(this: unknown, ...input: unknown[]) {
      calls[name] = (calls[name] ?? 0) + 1
      return Reflect.apply(work, this, input)
    }
  }
  syncBuiltinESMExports()
  try {
    await act()
    return calls
  } finally {
    for (const [name, work] of real) owner[name] = work
    syncBuiltinESMExports()
  }
}

/** Of `names`, by which an answer of 400 chunks has more than one of 100. */
async function callsOf300Chunks<Name extends string>(
  owner: Record<Name, unknown>,
  names: readonly Name[],
): Promise<Record<string, number>> {
  hostSays(100)
  const few = await callsIn(owner, names, ask)
  hostSays(400)
  const many = await callsIn(owner, names, ask)
  return Object.fromEntries(names.map((name) => [name, (many[name] ?? 0) - (few[name] ?? 0)]))
}

// A signature is most of what a receipt costs. Ticket and receipt are ours, proof and claim the host's.
test('a paid request is two signatures of ours, and two of its host that are verified', async () => {
  hostSays(1)
  const calls = await callsIn(crypto, ['sign', 'verify'], ask)
  expect(calls).toEqual({ sign: 2 + 2, verify: 2 })
})

// A second look at a chunk, or a copy of it by way of text, doubles what a stream costs.
test('a chunk is read as JSON once and written as JSON once, at most', async () => {
  const { parse, stringify } = await callsOf300Chunks(JSON, ['parse', 'stringify'])
  expect(parse).toBeLessThanOrEqual(300)
  expect(stringify).toBeLessThanOrEqual(300)
})

// A call for every word costs more than the hashing.
test('an answer is hashed in pieces of kilobytes and not by the chunk', async () => {
  const { update } = await callsOf300Chunks(crypto.Hash.prototype, ['update'])
  expect(update).toBeLessThanOrEqual(1)
})
