// Slots are given in order of arrival, and none is ever lost or given twice.

import { describe, expect, it } from 'vitest'
import { type Acquired, makeSlots } from '../../../../apps/local/engine/slots.ts'

const staying = new AbortController().signal
const make = (count: number, deferredMax = 8, waitMsMax = 5_000) =>
  makeSlots({ count, deferredMax, waitMsMax })

const slotOf = (acquired: Acquired) => {
  if (!acquired.ok) throw new Error(`There was no slot: ${acquired.reason}.`)
  return acquired.slot
}

describe('slots', () => {
  it('are given while there are any, and then in order of arrival', async () => {
    const slots = make(2)
    const first = slotOf(await slots.acquire(staying))
    const second = slotOf(await slots.acquire(staying))
    expect([first.id, second.id]).toEqual([0, 1])
    const served: string[] = []
    const waiting = ['a', 'b'].map((name) =>
      slots.acquire(staying).then((acquired) => {
        served.push(name)
        return slotOf(acquired)
      }),
    )
    expect(slots.deferred()).toBe(2)
    second.release()
    first.release()
    expect((await Promise.all(waiting)).map(({ id }) => id)).toEqual([1, 0])
    expect(served).toEqual(['a', 'b'])
  })

  it('are given back once, however often they are released', async () => {
    const slots = make(1)
    const slot = slotOf(await slots.acquire(staying))
    slot.release()
    const next = slotOf(await slots.acquire(staying))
    slot.release()
    expect(slots.processing()).toBe(1)
    next.release()
    expect(slots.states()).toEqual([{ id: 0, isProcessing: false }])
  })

  it('are refused when the queue is full', async () => {
    const slots = make(1, 0)
    await slots.acquire(staying)
    expect(await slots.acquire(staying)).toEqual({ ok: false, reason: 'queue_full' })
  })

  it('are not waited for longer than the limit', async () => {
    const slots = make(1, 8, 10)
    await slots.acquire(staying)
    expect(await slots.acquire(staying)).toEqual({ ok: false, reason: 'timed_out' })
    expect(slots.deferred()).toBe(0)
  })

  it('are not given to those who have left', async () => {
    const slots = make(1)
    const slot = slotOf(await slots.acquire(staying))
    const leaving = new AbortController()
    const left = slots.acquire(leaving.signal)
    const stayed = slots.acquire(staying)
    leaving.abort()
    expect(await left).toEqual({ ok: false, reason: 'aborted' })
    expect(await slots.acquire(leaving.signal)).toEqual({ ok: false, reason: 'aborted' })
    slot.release()
    expect(slotOf(await stayed).id).toBe(0)
  })
})
