/**
 * The writes of a breaker, each a condition and what it changes. A try that arrives late or twice is
 * refused by what it names: the window or the opening that was seen, or an id that is stored by then.
 */

import * as z from 'zod'
import type { Breaker } from '../../fleet/node.ts'
import { limits } from '../../protocol/limits.ts'
import {
  afterFailure,
  clockErrorMs,
  failuresMax,
  isForgotten,
  trialMsMax,
} from '../../routing/breaker.ts'
import type { ServedProfile } from '../../routing/ports.ts'
import type { Item } from './client/attribute-values.ts'
import type { UpdateInput } from './client/inputs.ts'
import { hotKey } from './items/fleet-keys.ts'
import { breakerField, fromHotItem, toBreakerField } from './items/hot-item.ts'

type Write = Omit<UpdateInput, 'TableName'>

/** One gateway's change, known again by its id. */
type Change = { readonly at: ServedProfile; readonly id: string; readonly nowMs: number }

type Failure = Change & { readonly startedAtMs: number }

/** Removed along with another write; more would only make its expressions longer. */
const removalsMax = 8

/** Of the failures that the window holds, or of the trial. */
const WrittenBy = z.object({ ids: z.array(z.string()).default([]) })

/** Whether the change stands in this hot item. */
export function isKnown(item: Item, { at, id }: Change): boolean {
  const field = item[breakerField(at.profileId)]
  return field !== undefined && WrittenBy.parse(field).ids.includes(id)
}

/** Undefined where the failure changes nothing, or is counted already. */
export function failureWrite(item: Item, failure: Failure): Write | undefined {
  const { at, nowMs } = failure
  if (isKnown(item, failure)) return undefined
  const { breakers } = fromHotItem(item)
  const seen = breakers[at.profileId]
  const after = afterFailure(seen, failure)
  switch (after.kind) {
    case 'unchanged':
      return undefined
    case 'counted':
      return countWrite(failure, after.in)
    case 'replaced': {
      const others = Object.entries(breakers).filter(([profileId]) => profileId !== at.profileId)
      const forgotten = others.filter(([, one]) => isForgotten(one, nowMs)).slice(0, removalsMax)
      const isFull = others.length - forgotten.length >= limits.modelsPerNode
      return isFull ? undefined : replaceWrite(failure, { seen, by: after.by, forgotten })
    }
  }
}

/** Commutes with its like: gateways that fail at the same moment do not wait for each other. */
function countWrite({ at, id, nowMs, startedAtMs }: Failure, { fromMs }: Breaker): Write {
  const isInWindow = '#breaker.#from = :from AND #breaker.opens = :none'
  // Who was dialled before the last failure was counted failed with it.
  const isNews = '(attribute_not_exists(#breaker.#last) OR #breaker.#last <= :started)'
  // The failure that opens it is no mere count.
  const isNotLast = '#breaker.fails < :last'
  return {
    Key: hotKey(at.nodeId),
    UpdateExpression: `SET ${[
      '#breaker.fails = #breaker.fails + :one',
      '#breaker.#last = :now',
      '#breaker.ids = list_append(#breaker.ids, :ids)',
    ].join(', ')}`,
    ConditionExpression: [isInWindow, isNotLast, isNews, 'NOT contains(#breaker.ids, :id)'].join(
      ' AND ',
    ),
    ExpressionAttributeNames: {
      '#breaker': breakerField(at.profileId),
      '#from': 'from',
      '#last': 'last',
    },
    ExpressionAttributeValues: {
      ':from': fromMs,
      ':now': nowMs,
      ':started': startedAtMs + clockErrorMs,
      ':one': 1,
      ':none': 0,
      ':last': failuresMax - 1,
      ':id': id,
      ':ids': [id],
    },
  }
}

/** A new window or an opening, on top of exactly what was seen: one of many gateways makes it. */
function replaceWrite(
  { at, id }: Change,
  to: {
    readonly seen: Breaker | undefined
    readonly by: Breaker
    /** Of other profiles; they go with this write and cost none of their own. */
    readonly forgotten: readonly (readonly [profileId: string, breaker: Breaker])[]
  },
): Write {
  const own = to.seen ? isAsSeen(to.seen) : isFirst
  const removals = to.forgotten.map(([profileId, { fromMs }], index) => ({
    name: { [`#old${index}`]: breakerField(profileId) },
    condition: `#old${index}.#from = :old${index}`,
    value: { [`:old${index}`]: fromMs },
  }))
  const names = removals.map(({ name }) => name)
  const gone = names.flatMap((name) => Object.keys(name)).join(', ')
  return {
    Key: hotKey(at.nodeId),
    UpdateExpression: `SET #breaker = :breaker${gone && ` REMOVE ${gone}`}`,
    ConditionExpression: [own.condition, ...removals.map((one) => one.condition)].join(' AND '),
    ExpressionAttributeNames: Object.assign(
      { '#breaker': breakerField(at.profileId) },
      to.seen || gone ? { '#from': 'from' } : {},
      ...names,
    ),
    ExpressionAttributeValues: Object.assign(
      { ':breaker': { ...toBreakerField(to.by), ids: [id] } },
      own.values,
      ...removals.map(({ value }) => value),
    ),
  }
}

const isFirst = {
  condition: 'attribute_exists(pk) AND attribute_not_exists(#breaker)',
  values: {},
}

const isAsSeen = ({ fromMs, failures, opens }: Breaker) => ({
  condition: '#breaker.#from = :from AND #breaker.fails = :fails AND #breaker.opens = :opens',
  values: { ':from': fromMs, ':fails': failures, ':opens': opens },
})

export const trialWrite = ({ at, id, nowMs }: Change): Write => ({
  Key: hotKey(at.nodeId),
  UpdateExpression: 'SET #breaker.trial = :trial, #breaker.ids = :ids',
  ConditionExpression:
    '#breaker.opens > :none AND #breaker.#until <= :now AND #breaker.trial <= :now',
  ExpressionAttributeNames: { '#breaker': breakerField(at.profileId), '#until': 'until' },
  ExpressionAttributeValues: {
    ':none': 0,
    ':now': nowMs,
    ':trial': nowMs + trialMsMax,
    ':ids': [id],
  },
})

/** Only while this trial stands: a failure since then has ended it, and opened the breaker anew. */
const ofTrial = (at: ServedProfile, trialId: string) => ({
  Key: hotKey(at.nodeId),
  ConditionExpression: '#breaker.trial > :none AND contains(#breaker.ids, :id)',
  ExpressionAttributeNames: { '#breaker': breakerField(at.profileId) },
  ExpressionAttributeValues: { ':none': 0, ':id': trialId },
})

export const closeWrite = (at: ServedProfile, trialId: string): Write => ({
  ...ofTrial(at, trialId),
  UpdateExpression: 'REMOVE #breaker',
})

/** Half-open still, and nobody's trial. */
export const giveBackWrite = (at: ServedProfile, trialId: string): Write => ({
  ...ofTrial(at, trialId),
  UpdateExpression: 'SET #breaker.trial = :none',
})

/** Failures that were counted in between go as well; another window or another opening stays. */
export const resetWrite = (at: ServedProfile, { fromMs, opens }: Breaker): Write => ({
  Key: hotKey(at.nodeId),
  UpdateExpression: 'REMOVE #breaker',
  ConditionExpression: '#breaker.#from = :from AND #breaker.opens = :opens',
  ExpressionAttributeNames: { '#breaker': breakerField(at.profileId), '#from': 'from' },
  ExpressionAttributeValues: { ':from': fromMs, ':opens': opens },
})
