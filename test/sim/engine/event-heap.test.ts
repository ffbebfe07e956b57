// Events come out in the order of time, and of scheduling where times are equal.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeEventHeap, type SimEvent } from './event-heap.ts'

const eventAt = (atUs: number, order: number): SimEvent => ({
  atUs,
  order,
  actor: undefined,
  run: undefined,
})

test('whatever goes in, and however it is mixed with what comes out', () => {
  // Small times, so that many are equal; a null takes the earliest event out.
  const steps = fc.array(fc.option(fc.integer({ min: 0, max: 9 })), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (times) => {
      const heap = makeEventHeap()
      const waiting: SimEvent[] = []
      times.forEach((atUs, order) => {
        if (atUs !== null) {
          const event = eventAt(atUs, order)
          heap.push(event)
          waiting.push(event)
          return
        }
        waiting.sort((one, other) => one.atUs - other.atUs || one.order - other.order)
        expect(heap.pop()).toBe(waiting.shift())
      })
    }),
  )
})
