/**
 * Randomness of a history. Every operation draws from a stream of its own, named after it, so that
 * taking one operation out of a plan leaves the draws of all others as they were. That is what lets
 * a failing history shrink.
 */

export type Stream = {
  /** Uniform in [0, 2³²). */
  readonly u32: () => number
  /** Uniform in [0, 1). */
  readonly unit: () => number
  /** Uniform whole number in [0, bound). */
  readonly below: (bound: number) => number
  /** Uniform whole number in [least, most]. */
  readonly between: (least: number, most: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(options: readonly [T, ...T[]]) => T
}

/** sfc32 over a state that seed and name spread over all 128 bits. */
export function makeStream(seed: number, name: string): Stream {
  let spread = hashOf(seed, name)
  const word = () => {
    spread = (spread + 0x9e3779b9) | 0
    return mix(spread)
  }
  // Kept as signed 32-bit integers, which the engine stores without allocating.
  let a = word()
  let b = word()
  let c = word()
  let counter = word() | 1

  const u32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  const unit = (): number => u32() / 4_294_967_296
  const below = (bound: number): number => Math.floor(unit() * bound)
  return {
    u32,
    unit,
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (probability) => unit() < probability,
    pick: (options) => options[below(options.length)] ?? options[0],
  }
}

function hashOf(seed: number, name: string): number {
  let hash = mix(seed ^ 0x811c9dc5)
  for (let at = 0; at < name.length; at += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  }
  return mix(hash)
}

/** Every input bit reaches every output bit. */
export function mix(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x21f0aaad)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x735a2d97)
  return mixed ^ (mixed >>> 15)
}
