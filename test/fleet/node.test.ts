import { expect, test } from 'vitest'
import { livenessOf, routeTierOf } from '../../src/fleet/node.ts'
import { RuntimeKind } from '../../src/protocol/claim.ts'

test.each([
  [undefined, 'never'],
  [0, 'fresh'],
  [60_000, 'fresh'],
  [60_001, 'stale'],
  [150_000, 'stale'],
  [150_001, 'offline'],
  [-5_000, 'fresh'],
] as const)('a last beat %s ms ago: %s', (agoMs, liveness) => {
  const nowMs = 1_000_000
  expect(livenessOf(agoMs === undefined ? undefined : nowMs - agoMs, nowMs)).toBe(liveness)
})

test.each(RuntimeKind.options)('on its own machine %s is a convenience and never paid', (kind) => {
  expect(routeTierOf('local', kind)).toBe('local_convenience')
})

test.each([
  ['vllm', 'network_beta'],
  ['sglang', 'network_beta'],
  ['openai', 'network_beta'],
  ['ollama', 'portable_local'],
  ['llamacpp', 'portable_local'],
  ['lmstudio', 'portable_local'],
] as const)('%s serves the network in %s', (kind, tier) => {
  expect(routeTierOf('network', kind)).toBe(tier)
  expect(routeTierOf('managed', kind)).toBe(tier)
})
