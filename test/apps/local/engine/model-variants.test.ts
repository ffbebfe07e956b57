// What a host might serve in the demo model's place: other weights, or the same at a lower precision.
// Each file is the same on every machine.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { demoVariant } from '../../../../apps/local/engine/demo-model.ts'
import { encodeValues } from '../../../../apps/local/engine/tensor-precision.ts'
import { writeDemoModel } from '../../../../apps/local/engine/write-model.ts'
import { otherWeights } from './variant-engines.ts'

const folder = await mkdtemp(join(tmpdir(), 'b3iq-variants-test-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a variant of the model', () => {
  it.each([
    [otherWeights, 1_050_208, '1a95c0611a4261311cb45940db6a7f9bf3fd852041c45486655ddc0614dba47d'],
    [
      { ...demoVariant, precision: 'F16' as const },
      542_048,
      'b93a19da65a0021f2f3ec8a03d77ff2a281a704e06882760b00fe802d34ed703',
    ],
    [
      { ...demoVariant, precision: 'Q8_0' as const },
      303_904,
      '1088237c4650518b136bae7d3685ff5c29e323becccd31cbda624e3df3b45182',
    ],
  ])('%o has its own bytes every time', async (variant, bytes, sha256) => {
    expect(await writeDemoModel(join(folder, 'variant.gguf'), variant)).toEqual({ bytes, sha256 })
  })
})

describe('Q8_0', () => {
  it('keeps each value to within half a step of its block', () => {
    const values = Float32Array.from({ length: 64 }, (_, index) => (index - 20) / 7)
    const view = new DataView(encodeValues(values, 'Q8_0').buffer)
    expect(view.byteLength).toBe(2 * 34)
    for (const [index, value] of values.entries()) {
      const at = Math.floor(index / 32) * 34
      const step = view.getFloat16(at, true)
      const stored = view.getInt8(at + 2 + (index % 32)) * step
      expect(Math.abs(stored - value)).toBeLessThanOrEqual(step * 0.6)
    }
  })

  it('stores a block of zeros', () => {
    expect(encodeValues(new Float32Array(32), 'Q8_0').every((byte) => byte === 0)).toBe(true)
  })

  it('takes whole blocks alone', () => {
    expect(() => encodeValues(new Float32Array(31), 'Q8_0')).toThrow('whole blocks of 32')
  })
})
