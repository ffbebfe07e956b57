import { describe, expect, it } from 'vitest'
import { type LoadFacts, queueHealth } from '../../../../apps/host/runtimes/queue-health.ts'

const calm: LoadFacts = {
  reachable: true,
  healthy: true,
  paused: undefined,
  running: 1,
  waiting: 0,
  waitingForCapacity: 0,
  capacity: 4,
  kvUsage: 0.5,
  stalledMs: 0,
}

describe('the health of a queue', () => {
  it.each<[string, Partial<LoadFacts>, string]>([
    ['calm', {}, 'ok'],
    ['nothing told', { kvUsage: undefined, stalledMs: undefined }, 'ok'],
    ['one slot left', { running: 3, waiting: 3, kvUsage: 0.949, stalledMs: 29_999 }, 'ok'],
    ['all slots taken', { running: 4 }, 'busy'],
    ['as many waiting as there are slots', { waiting: 4 }, 'busy'],
    ['waiting for capacity', { waiting: 1, waitingForCapacity: 1 }, 'busy'],
    ['cache full', { kvUsage: 0.95 }, 'busy'],
    ['30 s without a token', { stalledMs: 30_000 }, 'blocked'],
    ['30 s without a token, and full', { stalledMs: 30_000, running: 4 }, 'blocked'],
    ['30 s without a token, and idle', { stalledMs: 30_000, running: 0 }, 'ok'],
    ['paused', { paused: 'The engine is paused: resume it to serve.' }, 'blocked'],
    ['not ready', { healthy: false, stalledMs: 30_000 }, 'unhealthy'],
    ['silent', { reachable: false, paused: 'The engine sleeps.' }, 'unhealthy'],
  ])('%s', (_, change, health) => {
    const verdict = queueHealth({ ...calm, ...change })
    expect(verdict.health).toBe(health)
    if (health === 'ok') expect(verdict.reason).toBeNull()
    // A whole sentence that fits the protocol.
    else expect(verdict.reason).toMatch(/^[A-Z0-9].{9,126}\.$/)
  })
})
