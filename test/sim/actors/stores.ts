/**
 * The ledger's ports as a process has them: each call travels through the world to the stores in
 * memory, and the checker sees what was applied there before anybody else does.
 */
import type { ClosingStore, JournalStore } from '../../../src/ledger/journal-ports.ts'
import type {
  AccountStore,
  Decision,
  HoldStore,
  Reservation,
  ReserveOutcome,
  SweepStore,
} from '../../../src/ledger/ports.ts'
import type { MemoryLedger } from '../../support/memory-ledger.ts'
import { applyRevocation } from '../../support/memory-wallets.ts'
import { noteClaimed } from '../checker/answers.ts'
import { checkDropped } from '../checker/caps.ts'
import type { CheckerContext } from '../checker/context.ts'
import { noteDecided } from '../checker/decisions.ts'
import { notePosted } from '../checker/journal.ts'
import { accountOf } from '../checker/record.ts'
import { checkIndexed, noteHeld, noteSent, noteSettled } from '../checker/wallets.ts'
import type { Task } from '../engine/actor.ts'
import type { World } from '../engine/world.ts'

export type Stores = {
  readonly world: World
  readonly ledger: MemoryLedger
  readonly checker: CheckerContext
}

const unknown = { kind: 'unknown' } as const

export function holdsOf({ world, ledger, checker }: Stores, task: Task): HoldStore {
  const { holds } = ledger
  return {
    reserve: (reservation) => {
      noteSent(checker, reservation)
      return world.call(task, {
        name: 'wallet.reserve',
        isWrite: true,
        unknown,
        apply: async () => {
          const outcome = await holds.reserve(reservation)
          checker.count(`reserve: ${outcome.kind}`)
          if (outcome.kind === 'refused') countRefusal(checker, reservation, outcome)
          if (outcome.kind !== 'held') return outcome
          noteHeld(checker, reservation)
          noteClaimed(checker, reservation)
          return outcome
        },
      })
    },
    decide: (decision) =>
      world.call(task, {
        name: 'receipt.decide',
        isWrite: true,
        unknown,
        apply: async () => {
          const outcome = await holds.decide(decision)
          noteDecided(checker, decision, outcome)
          return outcome
        },
      }),
    settle: (settlement) =>
      world.call(task, {
        name: 'wallet.settle',
        isWrite: true,
        unknown,
        apply: async () => {
          const outcome = await holds.settle(settlement)
          checker.count(`settle: ${outcome.kind}`)
          if (outcome.kind === 'settled') {
            noteSettled(checker, settlement)
            const isOther = checker.seen.dispatches.get(settlement.holdId) !== task.name
            if (isOther && settlement.charge > 0n) checker.count('charge: moved by another process')
          }
          return outcome
        },
      }),
    readDecision: (accountId, holdId) =>
      read(world, task, 'receipt.read', () => holds.readDecision(accountId, holdId)),
  }
}

function countRefusal(
  { count }: CheckerContext,
  { holdId }: Reservation,
  { wallet, claim }: Extract<ReserveOutcome, { kind: 'refused' }>,
): void {
  if (wallet?.holds.has(holdId)) count('reserve: refused by its own hold')
  if (wallet?.closedBefore !== undefined && wallet.closedBefore >= holdId) {
    count('reserve: refused by the closed books')
  }
  if (claim?.holdId === holdId) count('reserve: refused by its own claim')
}

export function sweepsOf({ world, ledger, checker }: Stores, task: Task): SweepStore {
  const { sweeps } = ledger
  return {
    readWallet: (accountId) => read(world, task, 'wallet.read', () => sweeps.readWallet(accountId)),
    accountsInBucket: (bucket, limit) =>
      read(world, task, 'bucket.read', () => sweeps.accountsInBucket(bucket, limit)),
    moveBucket: (move) => write(world, task, 'bucket.move', () => sweeps.moveBucket(move)),
    leaveBuckets: (leave) =>
      write(world, task, 'bucket.leave', async () => {
        const hasLeft = await sweeps.leaveBuckets(leave)
        checker.count(hasLeft ? 'sweep: a wallet leaves the index' : 'sweep: a wallet has to stay')
        checkIndexed(checker, leave.accountId)
        return hasLeft
      }),
    dropCounters: (drop) =>
      write(world, task, 'counters.drop', async () => {
        const { accountId, names } = drop
        const before = ledger.state.wallets.get(accountId)?.counters
        await sweeps.dropCounters(drop)
        const after = ledger.state.wallets.get(accountId)
        const gone = names.filter((name) => before?.has(name) && !after?.counters.has(name))
        if (after) checkDropped(checker, after, gone)
        for (const name of gone) accountOf(checker.seen, accountId).dropped.add(name)
      }),
    readCursor: () => read(world, task, 'cursor.read', sweeps.readCursor),
    writeCursor: (bucket) => write(world, task, 'cursor.write', () => sweeps.writeCursor(bucket)),
    serverTimeMs: () => read(world, task, 'clock.read', sweeps.serverTimeMs),
  }
}

export function journalOf({ world, ledger, checker }: Stores, task: Task): JournalStore {
  const { journal } = ledger
  return {
    post: (posting) =>
      world.call(task, {
        name: 'journal.post',
        isWrite: true,
        unknown,
        apply: async () => {
          const outcome = await journal.post(posting)
          notePosted(checker, task.name, posting, outcome)
          return outcome
        },
      }),
    readEntry: (reference) => read(world, task, 'entry.read', () => journal.readEntry(reference)),
    listEntries: (of, page) =>
      read(world, task, 'entries.list', () => journal.listEntries(of, page)),
    readEarnings: (nodeId) =>
      read(world, task, 'earnings.read', () => journal.readEarnings(nodeId)),
    listEarners: (page) => read(world, task, 'earners.list', () => journal.listEarners(page)),
    readPayout: (nodeId, period) =>
      read(world, task, 'payout.read', () => journal.readPayout(nodeId, period)),
    listPayouts: (nodeId, page) =>
      read(world, task, 'payouts.list', () => journal.listPayouts(nodeId, page)),
    readLateClaim: (ticketHash) =>
      read(world, task, 'claim.read', () => journal.readLateClaim(ticketHash)),
    listEscrowed: (nodeId, limit) =>
      read(world, task, 'escrow.list', () => journal.listEscrowed(nodeId, limit)),
    requestAdjustment: (adjustment) =>
      write(world, task, 'adjustment.request', () => journal.requestAdjustment(adjustment)),
    readAdjustment: (reference) =>
      read(world, task, 'adjustment.read', () => journal.readAdjustment(reference)),
  }
}

export function closingOf({ world, ledger, checker }: Stores, task: Task): ClosingStore {
  const { closing } = ledger
  return {
    closeBefore: (accountId, holdId) =>
      write(world, task, 'wallet.close', async () => {
        const wallet = await closing.closeBefore(accountId, holdId)
        if (wallet) checker.seen.grantedAtClose.set(`${task.name} ${accountId}`, wallet.granted)
        return wallet
      }),
    decisionsBetween: (range) =>
      read(world, task, 'receipts.range', () => closing.decisionsBetween(range)),
    readBook: (accountId) => read(world, task, 'book.read', () => closing.readBook(accountId)),
    readPlace: (schedule) => read(world, task, 'place.read', () => closing.readPlace(schedule)),
    writePlace: (schedule, place) =>
      write(world, task, 'place.write', () => closing.writePlace(schedule, place)),
  }
}

export function accountsOf({ world, ledger, checker }: Stores, task: Task): AccountStore {
  const { accounts } = ledger
  return {
    createAccount: (account) =>
      write(world, task, 'account.create', () => accounts.createAccount(account)),
    readAccount: (accountId) =>
      read(world, task, 'account.read', () => accounts.readAccount(accountId)),
    listAccounts: (page) => read(world, task, 'accounts.list', () => accounts.listAccounts(page)),
    setStatus: (accountId, status) =>
      write(world, task, 'account.status', () => {
        accountOf(checker.seen, accountId).isSuspended = status === 'suspended'
        return accounts.setStatus(accountId, status)
      }),
  }
}

/** The receipt that a hold ended with, by its hold alone where it expired. */
export function expiredOf({ world, ledger }: Stores, task: Task) {
  return (holdId: string): Promise<Decision | undefined> =>
    read(world, task, 'expired.find', () => ledger.receipts.findExpired(holdId))
}

/** Revocation, as the keys' store puts it on the wallet. */
export function revokeKey(
  { world, ledger, checker }: Stores,
  task: Task,
  { accountId, ordinal }: { readonly accountId: string; readonly ordinal: number },
): Promise<void> {
  return write(world, task, 'key.revoke', async () => {
    accountOf(checker.seen, accountId).revoked.add(ordinal)
    applyRevocation(ledger.state, accountId, ordinal)
  })
}

/** A read that gets no answer throws, as the adapters do. */
export function read<T>(
  world: World,
  task: Task,
  name: string,
  apply: () => Promise<T>,
): Promise<T> {
  return world.call<T>(task, { name, isWrite: false, unknown: undefined, apply })
}

/** A write without an outcome of its own: no answer is an error, and it may still be applied. */
export function write<T>(
  world: World,
  task: Task,
  name: string,
  apply: () => Promise<T>,
): Promise<T> {
  return world.call<T>(task, { name, isWrite: true, unknown: undefined, apply })
}
