/** What is still to happen, earliest first; of two events at one time the one scheduled first. */
import type { Actor } from './actor.ts'

export type SimEvent = {
  atUs: number
  readonly order: number
  /** Whose event it is: it waits while the actor is paused and is dropped once it has crashed. */
  readonly actor: Actor | undefined
  /** Undefined once it has been called off. */
  run: (() => void) | undefined
}

export type EventHeap = {
  readonly push: (event: SimEvent) => void
  readonly pop: () => SimEvent | undefined
}

export function makeEventHeap(): EventHeap {
  const heap: SimEvent[] = []

  const push = (event: SimEvent): void => {
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(event, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  const pop = (): SimEvent | undefined => {
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || first === last) return first
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const leftEvent = heap[left]
      if (leftEvent === undefined) break
      const rightEvent = heap[left + 1]
      const isRight = rightEvent !== undefined && isBefore(rightEvent, leftEvent)
      const child = isRight ? rightEvent : leftEvent
      if (!isBefore(child, last)) break
      heap[at] = child
      at = isRight ? left + 1 : left
    }
    heap[at] = last
    return first
  }

  return { push, pop }
}

const isBefore = (one: SimEvent, other: SimEvent): boolean =>
  one.atUs < other.atUs || (one.atUs === other.atUs && one.order < other.order)
