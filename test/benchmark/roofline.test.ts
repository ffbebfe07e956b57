import { describe, expect, test } from 'vitest'
import { memoryBandwidthOf } from '../../src/benchmark/gpu-bandwidth.ts'
import { rooflineFlags } from '../../src/benchmark/roofline.ts'

const gpu = (name: string | null) => ({
  uuid: 'GPU-1',
  name,
  mem_total_mib: 24_576,
  compute_capability: '8.9',
})
const rtx4090 = gpu('NVIDIA GeForce RTX 4090')
/** An 8B model at four bits: a 4090 reads it some 206 times a second. */
const artifactBytes = 4_900_000_000
const flags = (tokensPerSecond: number, changes: object = {}) =>
  rooflineFlags({ gpus: [rtx4090], artifactBytes, tokensPerSecond, ...changes })

describe('a speed', () => {
  test('that the memory allows is not flagged', () => {
    expect(flags(130)).toEqual([])
    expect(flags(235)).toEqual([])
  })

  test('above what the memory allows is flagged', () => {
    expect(flags(238)).toEqual(['above_roofline'])
  })

  test('that several GPUs allow together is not', () => {
    expect(flags(300, { gpus: [rtx4090, rtx4090] })).toEqual([])
  })

  test('far below it is flagged: the weights are elsewhere', () => {
    expect(flags(20)).toEqual(['below_roofline'])
    expect(flags(21)).toEqual([])
  })

  test('of a small model is never too low: other things bound it', () => {
    expect(flags(20, { artifactBytes: 500_000_000 })).toEqual([])
  })

  test.each([
    ['no size', { artifactBytes: undefined }],
    ['no GPU', { gpus: [] }],
    ['a GPU that the table does not know', { gpus: [gpu('Voodoo 2')] }],
    ['one unknown GPU of two', { gpus: [rtx4090, gpu(null)] }],
  ])('is not flagged with %s', (_, changes) => {
    expect(flags(10_000, changes)).toEqual([])
  })
})

test.each([
  ['NVIDIA GeForce RTX 3090', 936],
  ['NVIDIA GeForce RTX 3090 Ti', 1_008],
  ['NVIDIA GeForce RTX 4070 Ti SUPER', 672],
  ['NVIDIA A100-SXM4-80GB', 2_039],
  ['NVIDIA H100 80GB HBM3', 3_350],
  ['NVIDIA L40S', 864],
  ['NVIDIA A10G', 600],
])('%s reads %d GB/s', (name, expected) => {
  expect(memoryBandwidthOf(name)).toBe(expected * 1e9)
})
