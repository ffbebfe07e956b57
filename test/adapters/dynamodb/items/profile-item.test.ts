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

/** As the inventory and all that we observed leave it together. */
const itemOf = (profile: NodeProfile) => ({
  ...profileKey(profile.nodeId, profile.profileId),
  ...toInventoryFields(profile),
  benchmark: profile.benchmark && toBenchmarkField(profile.benchmark),
  benchmarkRuns: profile.benchmarkRuns,
  liveSpeed: profile.liveSpeed,
  spotChecks: profile.spotChecks,
})

describe('a profile', () => {
  test('comes back from the table as it went in', () => {
    fc.assert(
      fc.property(anyProfile, (profile) => {
        expect(fromProfileItem(asStored(itemOf(profile)))).toEqual(profile)
      }),
    )
  })

  test('is written by the inventory without what we observed', () => {
    const observed = {
      benchmark: aBenchmark(),
      benchmarkRuns: { startedAtMs: [1], triedAtMs: 1, leaseUntilMs: 0 },
      liveSpeed: { benchmarkId: 'b', requests: 1, tokensPerSecondP50: 1 },
      spotChecks: { passed: 1, failed: 0, failures: [], condemned: undefined },
    }
    const written = Object.keys(toInventoryFields(aProfile('n', observed)))
    expect(written).toContain('artifactDigest')
    expect(Object.keys(observed).filter((name) => written.includes(name))).toEqual([])
  })
})
