import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { profileKey } from '../../../../src/adapters/dynamodb/items/fleet-keys.ts'
import {
  fromProfileItem,
  toBenchmarkField,
  toInventoryFields,
} from '../../../../src/adapters/dynamodb/items/profile-item.ts'
import type { NodeProfile } from '../../../../src/fleet/node.ts'
import { anyProfile } from '../arbitrary-facts.ts'
import { aBenchmark, aProfile } from '../facts.ts'
import { asStored } from '../stored.ts'

/** As the inventory and a benchmark leave it together. */
const itemOf = (profile: NodeProfile) => ({
  ...profileKey(profile.nodeId, profile.profileId),
  ...toInventoryFields(profile),
  benchmark: profile.benchmark && toBenchmarkField(profile.benchmark),
})

describe('a profile', () => {
  test('comes back from the table as it went in', () => {
    fc.assert(
      fc.property(anyProfile, (profile) => {
        expect(fromProfileItem(asStored(itemOf(profile)))).toEqual(profile)
      }),
    )
  })

  test('is written by the inventory without its benchmark', () => {
    const fields = toInventoryFields(aProfile('n', { benchmark: aBenchmark() }))
    expect(Object.keys(fields)).not.toContain('benchmark')
  })
})
