/**
 * What the contract's tests ask of a ledger under test: accounts of their own with money on them,
 * holds, decisions and entries with ids that ascend. Nothing in it knows which store answers.
 */
import { expect } from 'vitest'
import type { Entry, Leg } from '../../src/ledger/journal.ts'
import { move } from '../../src/ledger/journal.ts'
import type { Guard, PostOutcome } from '../../src/ledger/journal-ports.ts'
import type { Decision, Reservation, SettleOutcome } from '../../src/ledger/ports.ts'
import type { Hold, Wallet } from '../../src/ledger/wallet.ts'
import { formatUsd } from '../../src/money/nano-usd.ts'
import type { ResultStatus } from '../../src/protocol/receipt.ts'
import { draft, genuineReceipt } from '../support/genuine-receipt.ts'
import type { MemoryLedger } from '../support/memory-ledger.ts'

export type LedgerUnderTest = Omit<MemoryLedger, 'state'> & {
  /** As the key's revocation puts it on the wallet. */
  readonly revokeKey: (accountId: string, keyOrdinal: number) => Promise<void>
  /** As a change of the key puts it on the wallet: older secrets, or older limits, hold no more. */
  readonly markKey: (
    accountId: string,
    mark: {
      readonly keyOrdinal: number
      readonly name: 'secret' | 'limits'
      readonly value: number
    },
  ) => Promise<void>
}

/** The most that an amount on the wire can say: twelve digits of dollars, nine of fraction. */
export const amountMax = 10n ** 21n - 1n

export type ReservationChange = Partial<Omit<Reservation, 'hold'>> & Partial<Hold>
export type DecisionChange = {
  readonly charge?: bigint
  readonly status?: ResultStatus
  readonly nonce?: string | undefined
}
export type EntryDraft = Partial<Omit<Entry, 'legs'>> & Pick<Entry, 'kind' | 'legs'>

export type World = ReturnType<typeof makeWorld>

/** `ledger` is opened before the first test and not before. */
export function makeWorld(ledger: () => LedgerUnderTest) {
  const ids = ascendingIds()

  const wallet = async (accountId: string): Promise<Wallet> => {
    const found = await ledger().sweeps.readWallet(accountId)
    expect(found, `a wallet of ${accountId}`).toBeDefined()
    return found ?? Promise.reject(new Error('no wallet'))
  }

  const post = (entry: EntryDraft, guards: readonly Guard[] = []): Promise<PostOutcome> =>
    ledger().journal.post({ entry: anEntry(entry), guards })

  /** Posts an entry that nothing but its guards can refuse. */
  const guarded = (...guards: readonly Guard[]): Promise<PostOutcome> =>
    post(accrualFor(`n_${ids()}`, 1n), guards)

  const anEntry = (change: EntryDraft): Entry => {
    const entryId = ids()
    const rest = { entryId, reference: `reference ${entryId}`, atMs: 1_795_238_400_000 }
    return { ...rest, by: 'contract', about: '', ...change }
  }

  /** An account id under which there is nothing. */
  const nobody = (): string => `acct_${ids()}`

  const customer = async (funded = 0n, accountId = nobody()): Promise<string> => {
    const account = { accountId, name: 'Customer', smoke: false, createdAtMs: 1 }
    await ledger().accounts.createAccount(account)
    if (funded > 0n) {
      const posted = await post({ kind: 'top_up', legs: topUp(accountId, funded) })
      expect(posted).toEqual({ kind: 'posted' })
    }
    return accountId
  }

  const reservation = (accountId: string, change: ReservationChange = {}): Reservation => {
    const { amount = 100n, expiresAtSec = 1_795_238_700, nonce = 'nonce-1' } = change
    const { priceVersion = 3, counted, ...rest } = change
    return {
      accountId,
      holdId: ids(),
      keyOrdinal: 1,
      charges: [],
      dropCounters: [],
      ...rest,
      hold: { amount, expiresAtSec, nonce, priceVersion, counted },
    }
  }

  const held = async (accountId: string, change: ReservationChange = {}): Promise<Reservation> => {
    const order = reservation(accountId, change)
    expect(await ledger().holds.reserve(order)).toMatchObject({ kind: 'held' })
    return order
  }

  const settle = (
    { accountId, holdId, hold }: Reservation,
    charge: bigint,
    returns: readonly { readonly name: string; readonly back: bigint }[] = [],
  ): Promise<SettleOutcome> => ledger().holds.settle({ accountId, holdId, hold, charge, returns })

  return {
    ledger,
    ids,
    nobody,
    wallet,
    anEntry,
    post,
    guarded,
    customer,
    reservation,
    held,
    settle,
  }
}

/** How the hold of a reservation ended. */
export function decisionOf(
  { accountId, holdId, hold }: Pick<Reservation, 'accountId' | 'holdId' | 'hold'>,
  change: DecisionChange = {},
): Decision {
  const { charge = 0n, status = 'completed' } = change
  const own = { request_id: holdId, account_id: accountId, hold_usd: formatUsd(hold.amount) }
  const receipt = genuineReceipt({
    charge,
    result: { status, finish_reason: null, error: null },
    private: { ...draft.private, ...own },
  })
  const nonce = 'nonce' in change ? change.nonce : hold.nonce
  return { accountId, holdId, nonce, charge, receipt }
}

export const posted: PostOutcome = { kind: 'posted' }
export const refusedBy = (by: Guard): PostOutcome => ({ kind: 'refused', by })

/** Shares of charges for one node. */
export const accrualFor = (nodeId: string, amount: bigint): EntryDraft => ({
  kind: 'accrual',
  legs: move(amount, { kind: 'undistributed' }, { kind: 'host', owner: nodeId }),
})

export const topUp = (accountId: string, amount: bigint): Leg[] =>
  move(amount, { kind: 'wash' }, { kind: 'customer', owner: accountId })

/** ULIDs by their shape; each sorts after all before it. */
function ascendingIds(): () => string {
  let made = 0
  return () => {
    made += 1
    return `01K${String(made).padStart(23, '0')}`
  }
}
