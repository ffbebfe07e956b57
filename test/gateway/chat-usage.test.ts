import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatUsd, parseUsd } from '../../src/money/nano-usd.ts'
import { ReceiptView } from '../../src/protocol/receipt.ts'
import { askChat, completionOf } from '../support/chat-client.ts'
import { type Customer, type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { answers, counts, finishes, says, streams, usageOf } from '../support/host-answers.ts'

let bench: GatewayBench

beforeAll(async () => {
  bench = await startGatewayBench()
})
afterAll(() => bench.stop())

async function receiptOf(hash: string, customer: Customer): Promise<ReceiptView> {
  const headers = { authorization: `Bearer ${customer.token}` }
  const response = await bench.appOf().request(`/v1/receipts/${hash}`, { headers })
  return ReceiptView.parse(await response.json())
}

/** What left the balance since it held USD 10, and is neither held nor lost. */
async function spentUsd(customer: Customer): Promise<string> {
  const { available, held, spent } = await bench.wallet(customer)
  expect(held).toBe(0n)
  expect(available + spent).toBe(parseUsd('10'))
  return formatUsd(spent)
}

describe('usage is the lower of what the host claims and what was relayed', () => {
  /** 400 bytes relayed: 100 tokens by count, and the profile allows a quarter more. */
  const text = 'word '.repeat(80)
  const claiming = (completion: number, prompt = 7) =>
    answers({
      frames: [says(text), finishes(), { choices: [], usage: usageOf(prompt, completion) }],
    })

  async function usageFor(script: ReturnType<typeof answers>) {
    const { model } = await bench.sale([script])
    const customer = await bench.customer()
    const { b3iq } = await completionOf(await askChat(bench.appOf(), customer, { model: model.id }))
    const receipt = await receiptOf(b3iq.receipt_hash, customer)
    expect(await spentUsd(customer)).toBe(receipt.body.charge.charge_usd)
    return receipt.body.served?.usage
  }

  test('a claim within the band stands', async () => {
    expect(await usageFor(claiming(120))).toMatchObject({
      claimed: { prompt: 7, completion: 120 },
      counted: { prompt: 7, completion: 100 },
      billed: { prompt: 7, completion: 120 },
      inflated: false,
    })
  })

  test('an inflated claim is cut to the count and marked', async () => {
    expect(await usageFor(claiming(500))).toMatchObject({
      claimed: { completion: 500 },
      billed: { prompt: 7, completion: 100 },
      inflated: true,
    })
  })

  test('a modest claim is taken at its word', async () => {
    expect(await usageFor(claiming(60))).toMatchObject({ billed: { completion: 60 } })
  })

  test.each([
    ['another ticket', { claim: { ticket_hash: 'f'.repeat(64) } }],
    ['another text', { claim: { output_sha256: 'f'.repeat(64) } }],
    ['another node', { claim: { node_id: `n_${'b'.repeat(26)}` } }],
    ['another model file', { claim: { artifact_digest: `sha256:${'f'.repeat(64)}` } }],
  ])('a claim for %s is no claim: the count is billed', async (_, changes) => {
    const script = answers({ frames: [says(text), finishes(), counts(1, 1)], ...changes })
    expect(await usageFor(script)).toMatchObject({
      claimed: null,
      billed: { prompt: 7, completion: 100 },
      inflated: false,
    })
  })

  test('a claim that someone else signed is no claim', async () => {
    const stranger = await bench.newHost()
    const frames = [says(text), finishes(), counts(1, 1)]
    const script = answers({ frames, claimSigner: stranger.node })
    expect(await usageFor(script)).toMatchObject({ claimed: null, billed: { completion: 100 } })
  })

  test('without a claim the count is billed, whatever usage frames say', async () => {
    const script = answers({ frames: [says(text), finishes(), counts(1, 1)], claim: 'none' })
    expect(await usageFor(script)).toMatchObject({ claimed: null, billed: { completion: 100 } })
  })
})

test('the receipt is found by either hash; its private part is for its owner alone', async () => {
  const { model } = await bench.sale([streams(['Hello'])])
  const [customer, stranger] = [await bench.customer(), await bench.customer()]
  const { b3iq } = await completionOf(await askChat(bench.appOf(), customer, { model: model.id }))
  const own = await receiptOf(b3iq.node_receipt_hash ?? '', customer)
  expect(own.receipt_hash).toBe(b3iq.receipt_hash)
  expect(own.private?.account_id).toBe(customer.key.accountId)
  const open = await receiptOf(b3iq.receipt_hash, stranger)
  expect(open.private).toBeUndefined()
  expect(open.body).toEqual(own.body)
  expect(JSON.stringify(open)).not.toContain(customer.key.accountId)
})
