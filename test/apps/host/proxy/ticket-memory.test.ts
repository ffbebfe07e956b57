import { describe, expect, it } from 'vitest'
import { makeTicketMemory } from '../../../../apps/host/proxy/ticket-memory.ts'

const ticket = (id: string, expiresAtMs = 30_000) => ({ id, expiresAtMs })

describe('the memory of tickets', () => {
  it('knows an id until it can no longer be shown, then forgets it', () => {
    const memory = makeTicketMemory()
    expect(memory.remember(ticket('a'), 0)).toBe('new')
    expect(memory.remember(ticket('a'), 30_000)).toBe('replayed')
    expect(memory.remember(ticket('a'), 60_000)).toBe('replayed')
    expect(memory.remember(ticket('a', 200_000), 100_000)).toBe('new')
  })

  it('is bounded, and says so rather than forgetting early', () => {
    const memory = makeTicketMemory()
    const answers = Array.from({ length: 65_537 }, (_, n) => memory.remember(ticket(`${n}`), 0))
    expect(answers.at(-2)).toBe('new')
    expect(answers.at(-1)).toBe('full')
    expect(memory.remember(ticket('0'), 0)).toBe('replayed')
    expect(memory.remember(ticket('later'), 100_000)).toBe('new')
  })
})
