/**
 * The fleet in the Profiles table: per node its facts, the hot item that every beat writes, and its
 * profiles. What a node offers is changed here; the rest is put together from its parts.
 */
import type { FleetStore } from '../../fleet/ports.ts'
import type { Database } from './client.ts'
import { enrolInstance, enrolNode, hasRoomToEnrol, readInstanceNode } from './fleet-enrolment.ts'
import { addFinding } from './fleet-findings.ts'
import { makeHotWrites } from './fleet-hot.ts'
import { makeProfileWrites } from './fleet-profiles.ts'
import { rotateNode } from './fleet-rotation.ts'
import { makeFleetReads } from './fleet-rows.ts'
import { makeFleetState } from './fleet-state.ts'
import { changeStatus, updateOnce } from './fleet-status.ts'
import { nodeKey } from './items/fleet-keys.ts'
import { setFields } from './update-if.ts'

export function makeFleetStore(database: Database): FleetStore {
  return {
    ...makeFleetReads(database),
    ...makeHotWrites(database),
    ...makeProfileWrites(database),
    ...makeFleetState(database),
    enrolNode: (node, joinCodeHash) => enrolNode(database, node, joinCodeHash),
    enrolInstance: (node, instanceId) => enrolInstance(database, node, instanceId),
    readInstanceNode: (instanceId) => readInstanceNode(database, instanceId),
    hasRoomToEnrol: (ownerId, atMs) => hasRoomToEnrol(database, ownerId, atMs),
    addFinding: (finding) => addFinding(database, finding),
    rotateNode: (to, oldUntilMs) => rotateNode(database, to, oldUntilMs),
    changeStatus: (change) => changeStatus(database, change),
    changeOffer: ({ nodeId, fromEpoch, mode, route }) => {
      const { ExpressionAttributeValues, ...update } = setFields({ mode, route })
      return updateOnce(database, {
        TableName: database.tables.profiles,
        Key: nodeKey(nodeId),
        ...update,
        ConditionExpression: '#route.epoch = :fromEpoch',
        ExpressionAttributeValues: { ...ExpressionAttributeValues, ':fromEpoch': fromEpoch },
      })
    },
  }
}
