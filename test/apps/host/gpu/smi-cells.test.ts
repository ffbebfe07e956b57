import { expect, it } from 'vitest'
import { numberCell, textCell, wholeCell } from '../../../../apps/host/gpu/smi-cells.ts'

const percent = { min: 0, max: 100 }

it.each([
  ['0', 0],
  [' 71 ', 71],
  ['12.5', 12.5],
  ['0 %', 0],
  ['100 %', 100],
  ['101', null],
  ['-1', null],
  ['[N/A]', null],
  ['N/A', null],
  ['[Not Supported]', null],
  ['[Unknown Error]', null],
  ['[GPU requires reset]', null],
  ['ERR!', null],
  ['', null],
  ['1e3', null],
  ['0x10', null],
  [undefined, null],
])('the cell "%s" is the number %s', (cell, expected) => {
  expect(numberCell(cell, percent)).toBe(expected)
})

it.each([
  ['24564 MiB', 24_564],
  ['288.6', 289],
  ['-5', null],
])('the cell "%s" is the whole number %s', (cell, expected) => {
  expect(wholeCell(cell)).toBe(expected)
})

it.each([
  [' NVIDIA H200 ', 'NVIDIA H200'],
  ['[Unknown Error]', null],
  [' ', null],
  ['x'.repeat(200), 'x'.repeat(128)],
])('the cell "%s" is the text "%s"', (cell, expected) => {
  expect(textCell(cell)).toBe(expected)
})
