// How GGUF stores the numbers of a tensor: as they are, as half floats, or in blocks of 32 small
// integers with a common scale (Q8_0).

import assert from 'node:assert/strict'

export type Precision = 'F32' | 'F16' | 'Q8_0'

/** ggml's code of each tensor type. */
export const tensorTypes = { F32: 0, F16: 1, Q8_0: 8 } as const satisfies Record<Precision, number>

/** llama.cpp's code of a file whose matrices are of this precision. */
export const fileTypes = { F32: 0, F16: 1, Q8_0: 7 } as const satisfies Record<Precision, number>

const blockValues = 32
const blockBytes = 2 + blockValues
const int8Max = 127

export const encodeValues = (values: Float32Array, precision: Precision): Uint8Array => {
  switch (precision) {
    case 'F32':
      return filled(values.length * 4, (view) => {
        for (const [index, value] of values.entries()) view.setFloat32(index * 4, value, true)
      })
    case 'F16':
      return filled(values.length * 2, (view) => {
        for (const [index, value] of values.entries()) view.setFloat16(index * 2, value, true)
      })
    case 'Q8_0':
      return encodeBlocks(values)
  }
}

/** Each block is its scale as a half float, then its values in steps of that scale. */
const encodeBlocks = (values: Float32Array): Uint8Array => {
  assert.equal(values.length % blockValues, 0, 'Q8_0 stores whole blocks of 32 values')
  const blocks = values.length / blockValues
  return filled(blocks * blockBytes, (view) => {
    for (let block = 0; block < blocks; block += 1) {
      const part = values.subarray(block * blockValues, (block + 1) * blockValues)
      const scale = Math.max(...part.map(Math.abs)) / int8Max
      const at = block * blockBytes
      view.setFloat16(at, scale, true)
      for (const [index, value] of part.entries()) {
        view.setInt8(at + 2 + index, scale === 0 ? 0 : Math.round(value / scale))
      }
    }
  })
}

const filled = (length: number, fill: (view: DataView) => void): Uint8Array => {
  const bytes = new Uint8Array(length)
  fill(new DataView(bytes.buffer))
  return bytes
}
