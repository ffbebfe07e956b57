import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hotKey } from '../../../../src/adapters/dynamodb/items/fleet-keys.ts'
import {
  breakerField,
  fromHotItem,
  toBeatFields,
  toBreakerField,
  toProbeField,
} from '../../../../src/adapters/dynamodb/items/hot-item.ts'
import type { HotItem } from '../../../../src/fleet/node.ts'
import { anyHotItem } from '../arbitrary-facts.ts'
import { aBeat, aNode, aQueue, nowMs } from '../facts.ts'
import { asStored, storedBytes } from '../stored.ts'

/** As the writers of its fields leave it together. */
const itemOf = (hot: HotItem) => ({
  ...hotKey(hot.nodeId),
  ...toBeatFields(hot),
  live: hot.liveness,
  revoked: hot.isRevoked ? true : undefined,
  probe: hot.probe && toProbeField(hot.probe, nowMs),
  ...Object.fromEntries(
    Object.entries(hot.breakers).map(([id, one]) => [breakerField(id), toBreakerField(one)]),
  ),
  disabled: hot.disabledProfiles.length > 0 ? new Set(hot.disabledProfiles) : undefined,
})

describe('the hot item', () => {
  test('comes back from the table as it went in', () => {
    fc.assert(
      fc.property(anyHotItem, (hot) => {
        expect(fromHotItem(asStored(itemOf(hot)))).toEqual(hot)
      }),
    )
  })

  test('keeps a runtime whose id means something to JavaScript', () => {
    const queue = aQueue({ health: 'busy', kind: 'ollama' })
    const queues = Object.fromEntries([['__proto__', queue]])
    const item = asStored({ ...hotKey(aNode().nodeId), ...toBeatFields(aBeat('n', { queues })) })
    expect(Object.entries(fromHotItem(item).queues)).toEqual([['__proto__', queue]])
  })

  test('is at most one write unit with 8 runtimes, ids and versions of 32 bytes each', () => {
    const queues = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [
        `runtime-${index}`.padEnd(32, 'x'),
        {
          health: 'unhealthy' as const,
          reachable: false,
          kind: 'llamacpp' as const,
          version: '1'.repeat(32),
          used: 9_999,
          capacity: 4_096,
        },
      ]),
    )
    const hot: HotItem = {
      ...aBeat(aNode().nodeId, {
        queues,
        state: 'paused_by_owner',
        seq: nowMs,
        steadiness: {
          returnedAtMs: nowMs,
          beats: 2,
          returnsAtMs: [nowMs, nowMs, nowMs],
          coolUntilMs: nowMs,
          coolMs: 1_800_000,
        },
        formerBoot: { bootId: '6f1c1f0e-54a1-4d0a-9a0f-0c9a1f1e2d3c', replacedAtMs: nowMs },
      }),
      isRevoked: true,
      probe: { okAtMs: nowMs, failures: 2, epoch: 1_000_000 },
      disabledProfiles: [],
      breakers: {},
      liveness: 'offline',
    }
    expect(storedBytes(itemOf(hot))).toBeLessThanOrEqual(1024)
  })

  test('is refused where a field is missing or makes no sense', () => {
    const item = asStored({ ...hotKey(aNode().nodeId), ...toBeatFields(aBeat('n')) })
    expect(() => fromHotItem({ ...item, seq: undefined })).toThrow()
    expect(() => fromHotItem({ ...item, seq: '1.5' })).toThrow()
    expect(() => fromHotItem({ ...item, state: 'asleep' })).toThrow()
  })
})
