import { expect, test } from 'vitest'
import {
  packReceipt,
  unpackReceipt,
} from '../../../../src/adapters/dynamodb/items/packed-receipt.ts'

const json = '{"body":{"v":1,"stage":"prod","model":"","result":{"status":"completed"}}}'

test('what is packed comes back', () => {
  for (const text of ['', '{}', json, 'ü'.repeat(1_000)]) {
    expect(unpackReceipt(packReceipt(text))).toBe(text)
  }
})

test('what an earlier release packed stays readable: its dictionary has not changed', () => {
  const packed = Buffer.from('AaNSyVtbWwsA', 'base64')
  expect(unpackReceipt(packed)).toBe(json)
})

test('a dictionary that does not exist is named in the fault', () => {
  const packed = packReceipt(json)
  packed[0] = 99
  expect(() => unpackReceipt(packed)).toThrow(/names its dictionary.*99/)
})
