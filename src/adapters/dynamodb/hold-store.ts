/**
 * The three writes of a paid request: reserve, decide, settle. Each has one condition that lets it
 * happen once, so repeating it after a lost reply changes nothing. The client sends each try a single
 * time; the ledger repeats.
 */
import type {
  DecideOutcome,
  Decision,
  HoldStore,
  IdempotencyClaim,
  Reservation,
  ReserveOutcome,
  Settlement,
  SettleOutcome,
} from '../../ledger/ports.ts'
import type { Item } from './client/attribute-values.ts'
import { isFailedCondition, isUnknownOutcome, itemOfFailedCondition } from './client/errors.ts'
import type { Database } from './client.ts'
import { claimPut, reserveUpdate, settleUpdate } from './hold-writes.ts'
import { Amount } from './item-fields.ts'
import { fromClaimItem } from './items/claim-item.ts'
import { fromReceiptItem, toReceiptItem } from './items/receipt-item.ts'
import { fromWalletItem } from './items/wallet-item.ts'
import { readDecision } from './receipt-store.ts'
import { transact } from './transact.ts'

export function makeHoldStore(database: Database): HoldStore {
  const { once, tables } = database

  const reserveAlone = async (reservation: Reservation): Promise<ReserveOutcome> => {
    try {
      const { Attributes } = await once.update({
        TableName: tables.balances,
        ...reserveUpdate(reservation),
        ReturnValues: 'UPDATED_NEW',
      })
      return { kind: 'held', counters: countersOf(Attributes, reservation) }
    } catch (error) {
      if (!isFailedCondition(error)) return unknownOrThrow(error)
      const item = itemOfFailedCondition(error)
      return { kind: 'refused', wallet: item && fromWalletItem(item) }
    }
  }

  /**
   * Meets other writes on the wallet more often than a single update would; crowded out it has not
   * happened, so it is tried again as it is.
   */
  const reserveWithClaim = async (
    reservation: Reservation,
    claim: IdempotencyClaim,
  ): Promise<ReserveOutcome> => {
    try {
      const outcome = await transact({ client: once }, [
        { Put: { TableName: tables.keys, ...claimPut(claim, reservation.holdId) } },
        { Update: { TableName: tables.balances, ...reserveUpdate(reservation) } },
      ])
      if (outcome.kind === 'committed') return { kind: 'held' }
      const wallet = outcome.found.get(1)
      const claimed = outcome.found.get(0)
      const stored = claimed && fromClaimItem(claimed)
      // An earlier try took the claim; whether its hold is there is to be seen on the wallet.
      const isHalfSeen = stored?.holdId === reservation.holdId && outcome.isPartial
      if (isHalfSeen) return { kind: 'unknown' }
      return { kind: 'refused', wallet: wallet && fromWalletItem(wallet), claim: stored }
    } catch (error) {
      return unknownOrThrow(error)
    }
  }

  const decide = async (decision: Decision): Promise<DecideOutcome> => {
    try {
      await once.put({
        TableName: tables.receipts,
        Item: toReceiptItem(decision),
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })
      return { kind: 'decided' }
    } catch (error) {
      const item = itemOfFailedCondition(error)
      if (item) return { kind: 'decided_before', decision: fromReceiptItem(item) }
      return unknownOrThrow(error)
    }
  }

  const settle = async (settlement: Settlement): Promise<SettleOutcome> => {
    try {
      await once.update({ TableName: tables.balances, ...settleUpdate(settlement) })
      return { kind: 'settled' }
    } catch (error) {
      if (isFailedCondition(error)) return { kind: 'applied_before' }
      return unknownOrThrow(error)
    }
  }

  return {
    reserve: (reservation) =>
      reservation.claim
        ? reserveWithClaim(reservation, reservation.claim)
        : reserveAlone(reservation),
    decide,
    settle,
    readDecision: (accountId, holdId) => readDecision(database, accountId, holdId),
  }
}

function unknownOrThrow(error: unknown): { readonly kind: 'unknown' } {
  if (isUnknownOutcome(error)) return { kind: 'unknown' }
  throw error
}

/** The values that the write left; undefined for a reservation that counts nothing. */
function countersOf(
  attributes: Item | undefined,
  { charges }: Reservation,
): ReadonlyMap<string, bigint> | undefined {
  if (charges.length === 0) return undefined
  return new Map(charges.map(({ name }) => [name, Amount.parse(attributes?.[name])]))
}
