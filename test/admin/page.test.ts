import { describe, expect, test } from 'vitest'
import { pageOfAll } from '../../src/admin/page.ts'

const page = (limit: number, after?: string) =>
  pageOfAll(['c', 'a', 'd', 'b'], (id) => id, { limit, after })

describe('a page of a list that is read whole', () => {
  test('goes through all of it, in order', () => {
    expect(page(3)).toEqual({ items: ['a', 'b', 'c'], next: 'c' })
    expect(page(3, 'c')).toEqual({ items: ['d'], next: undefined })
    expect(page(4)).toMatchObject({ next: undefined })
  })

  test('goes on behind an item that is gone by now', () => {
    expect(page(2, 'bb')).toEqual({ items: ['c', 'd'], next: undefined })
    expect(page(2, 'z')).toEqual({ items: [], next: undefined })
  })
})
