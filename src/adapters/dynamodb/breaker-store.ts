/**
 * Breakers on the hot items, one attribute each. Every change is one conditional update that a late or
 * repeated try cannot make twice. Only a beat makes a hot item: the failures of an unknown node are
 * nobody's.
 */

import type { Ids } from '../../protocol/clock.ts'
import type { BreakerReset, BreakerStore } from '../../routing/ports.ts'
import {
  closeWrite,
  failureWrite,
  giveBackWrite,
  isKnown,
  resetWrite,
  trialWrite,
} from './breaker-writes.ts'
import type { Item } from './client/attribute-values.ts'
import { isFailedCondition, itemOfFailedCondition } from './client/errors.ts'
import type { UpdateInput } from './client/inputs.ts'
import type { Database } from './client.ts'
import { hotKey } from './items/fleet-keys.ts'
import { updateIf } from './update-if.ts'

/** A lost race is another gateway's failure written: after so many the breaker knows enough. */
const triesMax = 4
const idBytes = 4

export function makeBreakerStore(
  database: Database,
  { ids }: { readonly ids: Pick<Ids, 'token'> },
): BreakerStore & BreakerReset {
  const { client, tables } = database
  const TableName = tables.profiles

  const readHot = async (nodeId: string): Promise<Item | undefined> => {
    const Key = hotKey(nodeId)
    const { Item } = await client.get({ TableName, Key, ConsistentRead: true })
    return Item
  }

  return {
    countFailure: async (at, nowMs, startedAtMs = nowMs) => {
      const failure = { at, nowMs, startedAtMs, id: ids.token(idBytes) }
      let item = await readHot(at.nodeId)
      for (let tries = 0; item !== undefined && tries < triesMax; tries += 1) {
        const write = failureWrite(item, failure)
        if (write === undefined) return
        const outcome = await writeOrFind(database, { TableName, ...write })
        if (outcome === 'written') return
        item = outcome.found
      }
    },
    takeTrial: async (at, nowMs) => {
      const trial = { at, nowMs, id: ids.token(idBytes) }
      const outcome = await writeOrFind(database, { TableName, ...trialWrite(trial) })
      if (outcome === 'written') return trial.id
      // Ours: the reply to an earlier try was lost.
      return outcome.found && isKnown(outcome.found, trial) ? trial.id : undefined
    },
    close: async (at, trialId) => {
      await updateIf(database, { TableName, ...closeWrite(at, trialId) })
    },
    giveBack: async (at, trialId) => {
      await updateIf(database, { TableName, ...giveBackWrite(at, trialId) })
    },
    reset: async (at, seen) => {
      await updateIf(database, { TableName, ...resetWrite(at, seen) })
    },
  }
}

async function writeOrFind(
  { client }: Database,
  update: UpdateInput,
): Promise<'written' | { readonly found: Item | undefined }> {
  try {
    await client.update({ ...update, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })
    return 'written'
  } catch (error) {
    if (!isFailedCondition(error)) throw error
    return { found: itemOfFailedCondition(error) }
  }
}
