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
    [otherWeights, 1_049_920, '776dab5940dcb34eefb53b96296d9cc468c037e7be775625f70d21307a32e6ef'],
    [
      { ...demoVariant, precision: 'F16' as const },
      541_760,
      'e4b5dce2a12c60b5130a270ee7fb9cf62863af0b1218908bfa1e05ab6a7e15cb',
    ],
    [
      { ...demoVariant, precision: 'Q8_0' as const },
      303_616,
      '0388d3945ba2e9e9706f789a87e7573715a07e6729175dc2848d01aac9cb774e',
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
