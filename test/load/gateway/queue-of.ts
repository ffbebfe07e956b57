/** The queue of a host of a load run, as its beats and its enrolment tell it. */
import type { QueueFact } from '../../../src/fleet/node.ts'
import { aQueue } from '../../adapters/dynamodb/facts.ts'
import { runtimeOfHosts } from './sold-model.ts'

export function queueOf(used: number, capacity: number): Readonly<Record<string, QueueFact>> {
  const { runtimeId, kind, version } = runtimeOfHosts
  return { [runtimeId]: aQueue({ kind, version, used, capacity }) }
}
