/** The writes on a wallet that take and end a hold, each with all of its conditions. */
import type { IdempotencyClaim, Reservation, Settlement } from '../../ledger/ports.ts'
import { openHoldsMax } from '../../ledger/reserve.ts'
import { sweepBucketOf } from '../../ledger/wallet.ts'
import { toClaimItem } from './items/claim-item.ts'
import { toHoldItem, walletKey } from './items/wallet-item.ts'

export function reserveUpdate(reservation: Reservation) {
  const { accountId, holdId, hold, keyOrdinal, charges, dropCounters } = reservation
  const marks = keyMarks(reservation)
  const counters = charges.map((charge, index) => ({ ...charge, at: `#c${index}`, index }))
  const drops = dropCounters.map((name, index) => [`#d${index}`, name] as const)
  return {
    Key: walletKey(accountId),
    UpdateExpression: withRemoval(
      [
        'available = available - :amount',
        'held = held + :amount',
        'holds.#hold = :hold',
        'sweepBucket = if_not_exists(sweepBucket, :bucket)',
        ...counters.map(({ at, index }) => `${at} = if_not_exists(${at}, :zero) + :add${index}`),
      ],
      drops.map(([at]) => at),
    ),
    ConditionExpression: [
      '#status = :active',
      'available >= :amount',
      'attribute_not_exists(holds.#hold)',
      'size(holds) < :holdsMax',
      'attribute_not_exists(#revoked)',
      ...marks.map(({ name }) => `(attribute_not_exists(#${name}) OR #${name} <= :${name})`),
      '(attribute_not_exists(closedBefore) OR closedBefore < :holdId)',
      ...counters.map(({ at, index }) => `(attribute_not_exists(${at}) OR ${at} <= :room${index})`),
    ].join(' AND '),
    ExpressionAttributeNames: {
      '#status': 'status',
      '#hold': holdId,
      '#revoked': `revoked#${keyOrdinal}`,
      ...Object.fromEntries(marks.map(({ name }) => [`#${name}`, `${name}#${keyOrdinal}`])),
      ...Object.fromEntries(counters.map(({ at, name }) => [at, name])),
      ...Object.fromEntries(drops),
    },
    ExpressionAttributeValues: {
      ':amount': hold.amount,
      ':hold': toHoldItem(hold),
      ':holdId': holdId,
      ':bucket': sweepBucketOf(hold.expiresAtSec),
      ':active': 'active',
      ...Object.fromEntries(marks.map(({ name, value }) => [`:${name}`, value])),
      ':holdsMax': openHoldsMax,
      ...(counters.length === 0 ? {} : { ':zero': 0n }),
      ...Object.fromEntries(counters.map(({ add, index }) => [`:add${index}`, add])),
      ...Object.fromEntries(counters.map(({ add, cap, index }) => [`:room${index}`, cap - add])),
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  }
}

/** What the wallet may know better than whoever read the key: which secret pays, which limits are in force. */
const keyMarks = ({ secret, keyVersion }: Reservation) =>
  [
    { name: 'secret', value: secret },
    { name: 'limits', value: keyVersion },
  ].filter(({ value }) => value !== undefined)

export function claimPut(claim: IdempotencyClaim, holdId: string) {
  const { nowSec, replaces } = claim
  return {
    Item: toClaimItem(claim, holdId),
    ConditionExpression: [
      'attribute_not_exists(pk)',
      'expiresAtSec <= :now',
      ...(replaces === undefined ? [] : ['holdId = :replaces']),
    ].join(' OR '),
    ExpressionAttributeValues: {
      ':now': nowSec,
      ...(replaces === undefined ? {} : { ':replaces': replaces }),
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  }
}

export function settleUpdate({ accountId, holdId, hold, charge, returns }: Settlement) {
  const counters = returns.map((one, index) => ({ ...one, at: `#c${index}`, value: `:b${index}` }))
  return {
    Key: walletKey(accountId),
    UpdateExpression: withRemoval(
      [
        'available = available + :remainder',
        'held = held - :amount',
        'spent = spent + :charge',
        // A counter that was cleaned away meanwhile starts at what comes back: it ends at 0.
        ...counters.map(({ at, value }) => `${at} = if_not_exists(${at}, ${value}) - ${value}`),
      ],
      ['holds.#hold'],
    ),
    ConditionExpression: 'holds.#hold.n = :nonce',
    ExpressionAttributeNames: {
      '#hold': holdId,
      ...Object.fromEntries(counters.map(({ at, name }) => [at, name])),
    },
    ExpressionAttributeValues: {
      ':remainder': hold.amount - charge,
      ':amount': hold.amount,
      ':charge': charge,
      ':nonce': hold.nonce,
      ...Object.fromEntries(counters.map(({ value, back }) => [value, back])),
    },
  }
}

function withRemoval(set: readonly string[], remove: readonly string[]): string {
  const removal = remove.length === 0 ? '' : ` REMOVE ${remove.join(', ')}`
  return `SET ${set.join(', ')}${removal}`
}
