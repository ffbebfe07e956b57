/** How long the packets of Opus and Vorbis play, by their first bytes. */

/** Of a frame, in ms, by the configuration: SILK, then hybrid, then CELT. */
const silkMs = [10, 20, 40, 60] as const
const celtMs = [2.5, 5, 10, 20] as const

export function opusSeconds(packet: Buffer): number {
  const toc = packet[0]
  if (toc === undefined) return 0
  const configuration = toc >> 3
  const frameMs =
    configuration < 12
      ? silkMs[configuration & 3]
      : configuration < 16
        ? configuration & 1
          ? 20
          : 10
        : celtMs[configuration & 3]
  const frames = [1, 2, 2, (packet[1] ?? 0) & 63][toc & 3] ?? 1
  // No packet is longer: a decoder takes none that says so.
  return Math.min((frames * (frameMs ?? 0)) / 1000, 0.12)
}

/** Adds up packets, of which each plays by its own size and by the one before it. */
export function makeVorbisClock(identification: Buffer): (packet: Buffer) => number {
  const rate = identification.readUInt32LE(12)
  const sizes = identification.readUInt8(28)
  const [short, long] = [2 ** (sizes & 15), 2 ** (sizes >> 4)]
  let before: number | undefined
  return (packet) => {
    const first = packet[0]
    // Odd ones are heads. Encoders have two modes, of which the second has the long blocks.
    if (first === undefined || first & 1 || rate === 0) return 0
    const size = first & 2 ? long : short
    const seconds = before === undefined ? 0 : (before + size) / 4 / rate
    before = size
    return seconds
  }
}
