/** Two seconds of faint noise as a WAV file, made here, so that no host has heard it before. */
import type { Random } from '../protocol/clock.ts'

export const noiseSeconds = 2
/** What speech models are trained at. */
const samplesPerSecond = 16_000
const bytesPerSample = 2
const headerBytes = 44
/** Of 32,767. */
const loudness = 600

export function noiseWav(random: Random): Buffer<ArrayBuffer> {
  const dataBytes = noiseSeconds * samplesPerSecond * bytesPerSample
  const wav = Buffer.alloc(headerBytes + dataBytes)
  wav.write('RIFF', 0, 'latin1')
  wav.writeUInt32LE(headerBytes - 8 + dataBytes, 4)
  wav.write('WAVEfmt ', 8, 'latin1')
  wav.writeUInt32LE(16, 16)
  // Samples as they are, and one channel of them.
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(samplesPerSecond, 24)
  wav.writeUInt32LE(samplesPerSecond * bytesPerSample, 28)
  wav.writeUInt16LE(bytesPerSample, 32)
  wav.writeUInt16LE(bytesPerSample * 8, 34)
  wav.write('data', 36, 'latin1')
  wav.writeUInt32LE(dataBytes, 40)
  for (let at = headerBytes; at < wav.byteLength; at += bytesPerSample) {
    wav.writeInt16LE(Math.round((2 * random() - 1) * loudness), at)
  }
  return wav
}
