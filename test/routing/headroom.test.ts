import { describe, expect, test } from 'vitest'
import { capacityOf, haveRoomFor, loadedFor } from '../../src/routing/headroom.ts'
import { aCandidate } from '../adapters/dynamodb/facts.ts'

const withRoom = (headroom: number | undefined) => aCandidate({ slots: 8, headroom })

describe('a host is loaded', () => {
  test.each([
    [0, 0.49, false],
    [0, 0.51, true],
    [0.1, 0.69, false],
    [0.1, 0.71, true],
    [0.25, 0.999, false],
    [undefined, 0.999, false],
  ])('with %d of its slots free, to a request that rolls %d: %s', (headroom, roll, isLoaded) => {
    expect(loadedFor(() => roll)(withRoom(headroom))).toBe(isLoaded)
  })
})

describe('hosts have room', () => {
  test.each([
    [[0.7, 0.7], 0.999, true],
    [[0.4, 0.4], 0.56, true],
    [[0.4, 0.4], 0.58, false],
    [[0, 0.8], 0.56, true],
    [[0, 0], 0.01, false],
    [[], 0, true],
  ])('with %j of their slots free, for a request that rolls %d: %s', (rooms, roll, hasRoom) => {
    expect(haveRoomFor(rooms.map(withRoom), () => roll)).toBe(hasRoom)
  })

  test('as their slots count, not as they are many', () => {
    const pool = [aCandidate({ slots: 64, headroom: 0.9 }), withRoom(0), withRoom(0)]
    expect(haveRoomFor(pool, () => 0.99)).toBe(true)
  })
})

test.each([
  [undefined, 4],
  [8, 8],
  [1_000, 64],
])('slots of %j are taken for %i', (slots, taken) => {
  expect(capacityOf(aCandidate({ slots }))).toBe(taken)
})
