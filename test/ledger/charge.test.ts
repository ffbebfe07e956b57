import { describe, expect, test } from 'vitest'
import { splitOf } from '../../src/ledger/charge.ts'
import type { Decision } from '../../src/ledger/ports.ts'
import type { ReceiptBody } from '../../src/protocol/receipt.ts'
import { decisionOf } from '../model/decisions.ts'
import { node, otherNode } from './open-memory-ledger.ts'

const hold = { amount: 1_000n, nonce: 'nonce' }
const at = { accountId: 'acct_1', holdId: 'hold 1', hold }

const served = (charge: bigint, hostShareBps = 8_500): Decision =>
  decisionOf({ ...at, charge, status: 'completed', nodeId: node, hostShareBps })

describe('a charge', () => {
  test.each([
    [1_000n, 8_500, 850n, 150n],
    [1n, 8_500, 0n, 1n],
    [7n, 10_000, 7n, 0n],
    [7n, 0, 0n, 7n],
    [0n, 8_500, 0n, 0n],
  ])('of %s at %i basis points is shared %s to %s', (charge, bps, hostShare, fee) => {
    expect(splitOf(served(charge, bps))).toEqual({ nodeId: node, hostShare, fee })
  })

  test('that nobody served names no node', () => {
    const released = decisionOf({ ...at, charge: 0n, status: 'failed' })
    expect(splitOf(released)).toEqual({ nodeId: undefined, hostShare: 0n, fee: 0n })
  })

  test('names the host that served, not those that were tried', () => {
    const decision = withAttempts(['connect_failed', otherNode], ['served', node])
    expect(splitOf(decision).nodeId).toBe(node)
  })

  test('that two hosts served breaks S9', () => {
    const decision = withAttempts(['served', node], ['served', otherNode])
    expect(() => splitOf(decision)).toThrow(/^S9 one host is paid .*hold 1/)
  })

  test.each<[string, Partial<ReceiptBody['charge']>]>([
    ['add up to more', { fee_usd: '0.000000151' }],
    ['add up to less', { host_share_usd: '0.000000849' }],
    ['are no amounts', { fee_usd: 'free' }],
    ['name no share', { host_share_usd: '' }],
    // Together they are the charge, and neither can be read.
    ['are below nothing', { host_share_usd: '-0.000000001', fee_usd: '0.000001001' }],
    ['take from the host', { host_share_usd: '0.000001001', fee_usd: '-0.000000001' }],
  ])('whose shares %s breaks S12', (_, lines) => {
    const decision = served(1_000n)
    const { receipt } = decision
    const charge = { ...receipt.body.charge, ...lines }
    const altered = { ...receipt, body: { ...receipt.body, charge } }
    expect(() => splitOf({ ...decision, receipt: altered })).toThrow(/^S12 shares.*hold 1/)
  })
})

function withAttempts(...attempts: readonly (readonly [outcome: string, nodeId: string])[]) {
  const decision = served(1_000n)
  const { receipt } = decision
  const own = attempts.map(([outcome, node_id]) => ({ node_id, outcome, ticket_hash: '' }))
  return { ...decision, receipt: { ...receipt, private: { ...receipt.private, attempts: own } } }
}
