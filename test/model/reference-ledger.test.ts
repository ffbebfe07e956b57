// The reference is small enough to be read, and these cases are what it was written from. A model
// that is wrong in the same way as the ledger would prove nothing.
import { beforeEach, describe, expect, test } from 'vitest'
import { makeReference, type Order, type Outcome } from './reference-ledger.ts'

const [leaseMs, graceMs] = [300_000, 120_000]
const noonMs = Date.UTC(2026, 10, 30, 12)
let nowMs = noonMs
let reference: ReturnType<typeof makeReference>
beforeEach(() => {
  nowMs = noonMs
  const owns = (account: string, node: string) => account === 'olga' && node === 'n2'
  reference = makeReference({ nowMs: () => nowMs, leaseMs, graceMs, owns })
  reference.credit('top_up', 'alice', 1_000n, 'payment 1')
})

const order = (id: string, change: Partial<Order> = {}): Order => ({
  id,
  account: 'alice',
  key: 1,
  amount: 100n,
  tokens: 50,
  atMs: nowMs,
  limits: {},
  ...change,
})
const charge = (amount: bigint, change: Partial<Outcome> = {}): Outcome => ({
  charge: amount,
  tokens: 20,
  status: 'completed',
  node: 'n1',
  part: amount / 2n,
  ...change,
})
const taken = () => {
  const hold = reference.holds.at(-1)
  if (!hold) throw new Error('a hold was taken')
  return hold
}
const money = (account = 'alice') => [
  reference.available(account),
  reference.held(account),
  reference.purse(`spent ${account}`),
]

/** Taken and charged at once. */
function paid(id: string, amount: bigint, change: Partial<Outcome> = {}, account = 'alice') {
  expect(reference.take(order(id, { account, amount }))).toBe('held')
  reference.end(taken(), charge(amount, change))
}

describe('a hold', () => {
  test('is out of what is available, and what it does not cost comes back', () => {
    expect(reference.take(order('h1'))).toBe('held')
    expect(money()).toEqual([900n, 100n, 0n])
    reference.end(taken(), charge(40n))
    expect(money()).toEqual([960n, 0n, 40n])
  })

  test.each<[string, () => void, Partial<Order>, string]>([
    ['more than is there', () => undefined, { amount: 1_001n }, 'balance 1000 of 0'],
    ['an id that is held', () => reference.take(order('h2')), {}, 'duplicate'],
    ['an id that is closed', () => reference.closed.set('alice', 'h2'), {}, 'closed'],
    ['a stopped account', () => reference.stopped.add('alice'), {}, 'suspended'],
    ['a stopped key', () => reference.stopped.add('alice 1'), {}, 'key_revoked'],
    ['more than a limit', () => undefined, { limits: { tpm: 49n } }, 'counter tpm'],
  ])('is refused for %s', (_, before, change, answer) => {
    before()
    expect(reference.take(order('h2', change))).toBe(answer)
  })

  test('is one of 64 at most', () => {
    for (let count = 0; count < 64; count += 1) reference.take(order(`h${count}`, { amount: 1n }))
    expect(reference.take(order('h64', { amount: 1n }))).toBe('open_holds')
  })

  test('is decided once, for whichever hold of its id came first', () => {
    reference.take(order('h1'))
    const first = taken()
    reference.end(first, charge(40n))
    expect(reference.end(first, charge(60n)).charge).toBe(40n)
    reference.take(order('h1'))
    reference.end(taken(), charge(100n))
    expect(money()).toEqual([960n, 0n, 40n])
  })

  test('expires for nothing a grace after its lease, and not before', () => {
    reference.take(order('h1'))
    nowMs += leaseMs + graceMs - 1
    expect(reference.sweep()).toBe(0)
    nowMs += 1
    expect(reference.sweep()).toBe(1)
    expect(reference.verdicts.get('h1')).toMatchObject({ status: 'expired', charge: 0n })
    expect(money()).toEqual([1_000n, 0n, 0n])
  })

  test('that expired makes room for one that would be refused', () => {
    reference.take(order('h1', { amount: 1_000n }))
    nowMs += leaseMs + graceMs
    expect(reference.take(order('h2'))).toBe('held')
  })
})

describe('a limit', () => {
  const used = (atMs = nowMs) => reference.used('alice', 1, atMs)

  test('counts an open hold in full and an ended one for what it came to', () => {
    reference.take(order('h1'))
    expect(used()).toEqual({
      spend_day: 100n,
      spend_month: 100n,
      rpm: 1n,
      tpm: 50n,
      concurrency: 1n,
    })
    reference.end(taken(), charge(40n))
    expect(used()).toEqual({ spend_day: 40n, spend_month: 40n, rpm: 1n, tpm: 20n, concurrency: 0n })
  })

  test('keeps the tokens of a minute that is over', () => {
    reference.take(order('h1'))
    nowMs += 120_000
    reference.end(taken(), charge(40n))
    expect(used(noonMs).tpm).toBe(50n)
  })

  test('starts anew with its minute, its day and its month', () => {
    nowMs = Date.UTC(2026, 11, 1) - 1
    reference.take(order('h1'))
    expect(used(nowMs + 1)).toMatchObject({ spend_day: 0n, spend_month: 0n, rpm: 0n, tpm: 0n })
    expect(used(nowMs + 1).concurrency).toBe(1n)
  })
})

describe('a claim', () => {
  const claim = (body: string) => ({ claim: { name: 'key', body } })
  const again = (body = 'same') => reference.take(order('h2', claim(body)))

  test('runs while its hold is open, and is done once that was charged', () => {
    reference.take(order('h1', claim('same')))
    expect([again(), again('other')]).toEqual(['claim_running', 'claim_reused'])
    reference.end(taken(), charge(1n))
    expect([again(), again('other')]).toEqual(['claim_completed', 'claim_reused'])
  })

  test('is free after an attempt without answer and charge, and after a day', () => {
    reference.take(order('h1', claim('same')))
    reference.end(taken(), charge(0n, { status: 'failed' }))
    expect(again()).toBe('held')
    nowMs += 86_400_000
    expect(reference.take(order('h3', claim('other')))).toBe('held')
  })
})

describe('money outside holds', () => {
  test('comes in once for each reference', () => {
    expect(reference.credit('top_up', 'alice', 1_000n, 'payment 1')).toBe('before')
    expect(reference.credit('grant', 'alice', 1_000n, 'payment 1')).toBe('before, otherwise')
    expect(reference.credit('grant', 'alice', 5n, 'grant 1')).toBe('done')
    expect([money()[0], reference.purse('granted alice')]).toEqual([1_005n, 5n])
  })

  test('is corrected alone up to 100 USD, and above by two', () => {
    const much = 100_000_000_001n
    expect(reference.adjust('alice', -1_001n, 'a1', 'ann')).toBe('not_covered')
    expect(reference.adjust('alice', -1_000n, 'a1', 'ann')).toBe('done')
    expect(reference.adjust('alice', much, 'a2', 'ann')).toBe('requested')
    expect(reference.adjust('alice', -much, 'a2', 'ann')).toBe('requested otherwise')
    expect(['ann', 'bob', 'bob'].map((by) => reference.approve('a2', by))).toEqual([
      'same_operator',
      'done',
      'before',
    ])
    expect([reference.approve('a3', 'bob'), money()[0]]).toEqual(['no_request', much])
  })

  test('of a charge is given back once, from whoever bears it', () => {
    paid('h1', 100n)
    expect(reference.refund('h1', 101n, 'platform', 'r1')).toBe('above_charge')
    expect(reference.refund('h1', 50n, 'platform', 'r1')).toBe('done')
    expect(reference.refund('h1', 50n, 'platform', 'r1')).toBe('before')
    expect(reference.refund('h1', 51n, 'platform', 'r2')).toBe('above_charge')
    expect(reference.refund('h1', 50n, 'host', 'r2')).toBe('host_short')
    reference.accrue('alice', 'h2')
    expect(reference.refund('h1', 49n, 'host', 'r2')).toBe('done')
    expect([reference.purse('payable n1'), reference.purse('fees')]).toEqual([26n, 25n])
    expect(money()[0]).toBe(999n)
  })

  test('of a grant or of the owner earns a host nothing', () => {
    reference.credit('grant', 'alice', 30n, 'grant 1')
    paid('h1', 20n)
    paid('h2', 20n)
    expect(reference.accrue('alice', 'h3')).toBe(2)
    expect([reference.purse('payable n1'), reference.purse('unpayable')]).toEqual([5n, 15n])
    reference.credit('top_up', 'olga', 10n, 'payment 2')
    paid('h4', 10n, { node: 'n2' }, 'olga')
    reference.accrue('olga', 'h5')
    expect([reference.purse('payable n2'), reference.purse('unpayable')]).toEqual([0n, 20n])
    expect(reference.refund('h4', 1n, 'host', 'r1')).toBe('host_unpaid')
  })

  test('is passed on up to the first open hold, in order and once', () => {
    paid('h1', 10n)
    reference.take(order('h2'))
    const open = taken()
    paid('h3', 10n)
    expect(['h9', 'h9'].map((before) => reference.accrue('alice', before))).toEqual([1, 0])
    reference.end(open, charge(10n))
    expect(reference.accrue('alice', 'h9')).toBe(2)
    expect(reference.take(order('h8'))).toBe('closed')
  })
})

describe('a payout', () => {
  beforeEach(() => {
    paid('h1', 100n)
    reference.accrue('alice', 'h2')
  })

  test('takes all that is payable, once a period, and is confirmed once', () => {
    const close = () => reference.closePayout('n1', 'monday')
    expect(reference.confirm('n1', 'monday', 'paid', 't1')).toBe('no_payout')
    expect([close(), close()]).toEqual(['done', 'nothing_payable'])
    expect(reference.confirm('n1', 'monday', 'returned', 't1')).toBe('confirmed')
    expect(reference.confirm('n1', 'monday', 'paid', 't1')).toBe('conflict')
    expect([close(), reference.closePayout('n1', 'tuesday')]).toEqual(['before', 'done'])
    expect(reference.confirm('n1', 'tuesday', 'paid', 't2')).toBe('confirmed')
    expect([reference.purse('paid n1'), reference.purse('payable n1')]).toEqual([50n, 0n])
  })
})

describe('a late claim', () => {
  const claim = (id: string, node = 'n1', due = 80n) =>
    reference.claimLate(`${id} ${node}`, node, id, due, 5_000n)
  const expired = (account = 'alice') => {
    const id = `h${reference.holds.length}`
    reference.take(order(id, { account, atMs: nowMs - leaseMs - graceMs }))
    reference.sweep()
    return id
  }

  test('waits a week in escrow, bounded by the hold, and one of a hold', () => {
    const id = expired()
    expect([claim('other'), claim(id, 'n1', 0n)]).toEqual(['unknown_hold', 'nothing_due'])
    expect([claim(id, 'n1', 300n), claim(id), claim(id, 'n2')]).toEqual([
      'escrowed',
      'escrowed',
      'already_claimed',
    ])
    expect([reference.purse('escrow n1'), reference.purse('shortfall')]).toEqual([50n, -50n])
    nowMs += 7 * 86_400_000 - 1
    expect(reference.release('n1')).toBe(0)
    nowMs += 1
    expect([reference.release('n1'), reference.release('n1')]).toEqual([1, 0])
    expect(reference.purse('payable n1')).toBe(50n)
  })

  test('stops who makes more than three a day, and never pays an owner for own traffic', () => {
    const ids = [expired(), expired(), expired(), expired(), expired()]
    const answers = ids.map((id, index) => claim(id, index === 4 ? 'n2' : 'n1'))
    expect(answers).toEqual([...Array(3).fill('escrowed'), 'under_review', 'under_review'])
    expect([...reference.stopped]).toEqual(['n1', 'alice'])
    reference.credit('top_up', 'olga', 100n, 'payment 2')
    expect(claim(expired('olga'), 'n2')).toBe('own_traffic')
  })
})
