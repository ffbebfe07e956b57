// A run in which rare things were too rare has failed.
import { expect, test } from 'vitest'
import { addCounts, countsTable, shortfalls } from './sometimes.ts'

const floors = { 'a twin': 50, 'a crash': 1 }

test('below its floor a thing is missing, at its floor it is not', () => {
  const seen = new Map([
    ['a twin', 99],
    ['a crash', 2],
  ])
  expect(shortfalls(seen, floors, 20_000)).toEqual([{ name: 'a twin', seen: 99, floor: 100 }])
  expect(shortfalls(new Map([...seen, ['a twin', 100]]), floors, 20_000)).toEqual([])
})

test('what never happened is missing as well', () => {
  expect(shortfalls(new Map(), floors, 10_000).map(({ name }) => name)).toEqual([
    'a twin',
    'a crash',
  ])
})

test('in a few histories nothing is demanded', () => {
  expect(shortfalls(new Map(), floors, 1_999)).toEqual([])
})

test('counts of several workers add up', () => {
  const total = new Map([['a twin', 1]])
  addCounts(total, [
    ['a twin', 2],
    ['a crash', 3],
  ])
  expect([...total]).toEqual([
    ['a twin', 3],
    ['a crash', 3],
  ])
})

test('the table marks what is too rare', () => {
  const lines = countsTable(new Map([['a twin', 4]]), floors, 10_000).split('\n')
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['sometimes', 'seen', 'per 10,000', 'floor'],
    ['a crash', '0', '0.0', '1 below'],
    ['a twin', '4', '4.0', '50 below'],
  ])
})
