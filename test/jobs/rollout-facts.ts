/** A sound rollout, changed as a test needs it. */
import { ulid } from 'ulid'
import { newRollout, type Rollout } from '../../src/jobs/rollout.ts'
import { hourMs, nowMs } from './facts.ts'

let made = 0

export const nodeIdAt = (index: number): string =>
  `n_${index
    .toString(32)
    .replace(/[0189]/g, (digit) => 'wxyz'['0189'.indexOf(digit)] ?? '')
    .padStart(26, 'w')}`

export function aRollout(changes: Partial<Rollout> = {}): Rollout {
  made += 1
  const fresh = newRollout({
    rolloutId: `rollout_${ulid(nowMs + made)}`,
    reference: `rollout-${made}`,
    ordered: {
      order: { type: 'health.check', args: {} },
      actor: 'key_1',
      approval: null,
      createdAtMs: nowMs,
      notBeforeMs: nowMs,
      expiresAtMs: nowMs + hourMs,
      timeoutMs: 60_000,
      requires: { agent: '0.0.0', modes: ['managed', 'network'] },
      preflight: [],
      rollback: 'none',
    },
    nodeIds: Array.from({ length: 30 }, (_, index) => nodeIdAt(index)),
    perMinute: 10,
    createdAtMs: nowMs,
  })
  return { ...fresh, ...changes }
}
