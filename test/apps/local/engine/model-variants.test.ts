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
    [otherWeights, 677_024, 'ccef713395f9dc9c9c87e839bbb9d3d84ecc0f3d3925feda6089d06329ca5856'],
    [
      { ...demoVariant, precision: 'F16' as const },
      347_552,
      'bdd4f48f35762da14c56ae6b6603505e3ddbb5dc96951851130c8ec26a0cb50d',
    ],
    [
      { ...demoVariant, precision: 'Q8_0' as const },
      193_120,
      '8eb67a0a1169b3750278c8da54ff18a32ab6e98ba6dc6227170ce5cde1907658',
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
