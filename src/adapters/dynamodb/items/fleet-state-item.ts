/** What is true of the fleet as a whole, as it is stored: one item, two writers with own fields. */
import * as z from 'zod'
import type { FleetState } from '../../../fleet/ports.ts'
import { Int } from '../item-fields.ts'

export const fleetStateKey = { pk: 'fleet#state', sk: 'state' }

const FleetStateItem = z.object({
  activeNodes: Int.optional(),
  graceFromMs: Int.optional(),
  graceUntilMs: Int.optional(),
})

/** Before anything was written there are no active nodes and there was no grace. */
export function fromFleetStateItem(item: unknown): FleetState {
  const { activeNodes = 0, graceFromMs, graceUntilMs } = FleetStateItem.parse(item ?? {})
  const wasGranted = graceFromMs !== undefined && graceUntilMs !== undefined
  return {
    activeNodes,
    grace: wasGranted ? { fromMs: graceFromMs, untilMs: graceUntilMs } : undefined,
  }
}
