import { describe, expect, test } from 'vitest'
import { type LedgerAccount, move } from '../../src/ledger/journal.ts'
import type { Guard, Posting, PostOutcome } from '../../src/ledger/journal-ports.ts'
import { type PostDeps, post } from '../../src/ledger/post.ts'
import { openMemoryLedger } from './open-memory-ledger.ts'

const wash: LedgerAccount = { kind: 'wash' }
const customer: LedgerAccount = { kind: 'customer', owner: 'acct_1' }
const draft = {
  kind: 'top_up',
  legs: move(5n, wash, customer),
  reference: 'payment',
  by: 'ann',
  about: 'the first one',
} as const
const guard: Guard = { kind: 'approval', reference: 'payment' }
const refused = { kind: 'refused', by: 'wallet' } as const
const unknown = { kind: 'unknown' } as const
type Reply = (posting: Posting) => PostOutcome
const answering =
  (outcome: PostOutcome): Reply =>
  () =>
    outcome

/** A journal that answers in order, the last one for ever; what it was asked to post. */
function journalOf(...replies: readonly Reply[]) {
  const asked: Posting[] = []
  const deps: PostDeps = {
    journal: {
      post: async (posting) => {
        asked.push(posting)
        const reply = replies[Math.min(asked.length, replies.length) - 1]
        return reply ? reply(posting) : unknown
      },
    },
    ids: { ulid: (atMs) => `id at ${atMs}` },
    nowMs: () => 1_000,
    sleep: async () => undefined,
  }
  return { deps, asked }
}

const entry = { ...draft, entryId: 'id at 1000', atMs: 1_000 }
const anotherEntry = { ...entry, entryId: 'id of another' }

describe('a posting', () => {
  test('gets an id and its time, and goes out with its guards', async () => {
    const { deps, asked } = journalOf(answering({ kind: 'posted' }))
    expect(await post(deps, draft, [guard])).toEqual({ kind: 'posted', entry })
    expect(asked).toEqual([{ entry, guards: [guard] }])
  })

  test('needs no guards', async () => {
    const { deps, asked } = journalOf(answering({ kind: 'posted' }))
    await post(deps, draft)
    expect(asked).toEqual([{ entry, guards: [] }])
  })

  test('whose legs break S5 is never sent', async () => {
    const { deps, asked } = journalOf(answering({ kind: 'posted' }))
    const legs = move(5n, customer, wash)
    await expect(post(deps, { ...draft, legs })).rejects.toThrow(/^S5 .*id at 1000/)
    expect(asked).toEqual([])
  })

  test.each<[string, PostOutcome, object]>([
    ['refused is refused', refused, refused],
    ['refused by a guard names it', { kind: 'refused', by: guard }, { kind: 'refused', by: guard }],
    [
      'whose reference somebody else took is told who',
      { kind: 'posted_before', entry: anotherEntry },
      { kind: 'posted_before', entry: anotherEntry },
    ],
  ])('%s', async (_, outcome, answer) => {
    const { deps, asked } = journalOf(answering(outcome))
    expect(await post(deps, draft)).toEqual(answer)
    expect(asked).toHaveLength(1)
  })

  test('is repeated under the same id until its outcome is known', async () => {
    const own = answering({ kind: 'posted_before', entry })
    const { deps, asked } = journalOf(answering(unknown), answering(unknown), own)
    expect(await post(deps, draft)).toEqual({ kind: 'posted', entry })
    expect(asked).toEqual(Array(3).fill({ entry, guards: [] }))
  })

  test('is refused for good only by its first try: an earlier one may still arrive', async () => {
    const { deps } = journalOf(answering(unknown), answering(refused))
    expect(await post(deps, draft)).toEqual({ kind: 'unavailable' })
  })

  test('without any answer is given up after a few tries', async () => {
    const { deps, asked } = journalOf(answering(unknown))
    expect(await post(deps, draft)).toEqual({ kind: 'unavailable' })
    expect(asked).toHaveLength(4)
  })
})

test.each(['request lost', 'reply lost'] as const)(
  'a posting with its %s is made once',
  async (fate) => {
    const ledger = openMemoryLedger()
    const accountId = await ledger.customer(0n)
    const legs = move(5n, wash, { kind: 'customer', owner: accountId })
    ledger.lose(fate)
    expect(await post(ledger.posting, { ...draft, legs })).toMatchObject({ kind: 'posted' })
    expect(await ledger.wallet(accountId)).toMatchObject({ available: 5n, funded: 5n })
  },
)
