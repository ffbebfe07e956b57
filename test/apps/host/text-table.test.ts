import { expect, it } from 'vitest'
import { textTable } from '../../../apps/host/text-table.ts'

it('columns are as wide as their widest cell, the last one as it comes', () => {
  const rows = [
    ['a@q8', 'yes'],
    ['B°', 'a longer text'],
    ['c', ''],
  ]
  expect(textTable(['PROFILE', 'EARNS'], rows)).toEqual([
    'PROFILE  EARNS',
    'a@q8     yes',
    'B°       a longer text',
    'c',
  ])
})

it('there is no head without rows', () => {
  expect(textTable(['PROFILE'], [])).toEqual([])
})
