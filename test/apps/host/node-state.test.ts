import { describe, expect, it } from 'vitest'
import { makeNodeState, type OwnerPause } from '../../../apps/host/node-state.ts'

function openState() {
  const world = { nowMs: 0, pause: undefined as OwnerPause | undefined, userActive: false }
  const state = makeNodeState({
    monotonicMs: () => world.nowMs,
    ownerPause: () => world.pause,
    userActive: () => world.userActive,
  })
  return { world, state }
}

describe('the state of the node', () => {
  it('is the strongest of what speaks against work, and says why', () => {
    const { world, state } = openState()
    const seen = [state.current()]
    world.nowMs = 10 * 60_000 + 1
    seen.push(state.current())
    world.userActive = true
    seen.push(state.current())
    state.drain('operator')
    seen.push(state.current())
    world.pause = 'asked'
    seen.push(state.current())
    state.drain('stop')
    seen.push(state.current())
    expect(seen).toEqual([
      'ready',
      'degraded',
      'user_active',
      'draining',
      'paused_by_owner',
      'draining',
    ])
    expect(state.standing().reason).toBe('the agent is being stopped')
  })

  it.each<[OwnerPause, RegExp]>([
    ['asked', /b3iq-host resume ends it/],
    ['schedule', /outside the hours/],
    ['power', /draw more than/],
  ])('paused by the owner as "%s" says so', (pause, reason) => {
    const { world, state } = openState()
    world.pause = pause
    expect(state.standing().reason).toMatch(reason)
  })

  it('that the operator drained is ended by the operator, the owner’s pause is not', () => {
    const { world, state } = openState()
    state.drain('operator')
    state.resume()
    expect(state.current()).toBe('ready')
    world.pause = 'asked'
    state.resume()
    expect(state.current()).toBe('paused_by_owner')
  })

  it('that ends with the process is ended by nobody', () => {
    const { state } = openState()
    state.drain('stop')
    state.resume()
    expect(state.current()).toBe('draining')
  })

  it('without contact for ten minutes is degraded until the next accepted beat', () => {
    const { world, state } = openState()
    world.nowMs = 10 * 60_000
    expect(state.current()).toBe('ready')
    world.nowMs += 1
    expect(state.current()).toBe('degraded')
    state.contact()
    expect(state.current()).toBe('ready')
  })
})
