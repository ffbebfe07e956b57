/**
 * How long a recording is, by its own bytes: what a transcription is billed by. The parser is loaded with the
 * first recording, so that no other request waits for it. A file can be made of hundreds of thousands of empty parts,
 * so reads are counted, and others have their turn between them.
 */
import type { Sleep } from '../protocol/clock.ts'

/** An MP3 of four megabytes that does not tell its length has all its frames read: some 50,000 reads. */
const usualReadsMax = 60_000
const readsPerTurn = 1_000

/** Begun seconds; undefined where the file is no recording, or does not tell. Never rejects. */
export async function audioSeconds(
  bytes: Uint8Array,
  { sleep, readsMax = usualReadsMax }: { readonly sleep: Sleep; readonly readsMax?: number },
): Promise<number | undefined> {
  let reads = 0
  const onRead = async () => {
    reads += 1
    if (reads > readsMax) throw new Error('the recording is of too many parts')
    if (reads % readsPerTurn === 0) await sleep(0)
  }
  try {
    const { parseBlob } = await import('music-metadata')
    const recording = new Recording(Uint8Array.from(bytes), onRead)
    const { format } = await parseBlob(recording, { duration: true, skipCovers: true })
    return begunSeconds(format.duration)
  } catch {
    return undefined
  }
}

function begunSeconds(seconds: number | undefined): number | undefined {
  if (seconds === undefined || !Number.isFinite(seconds) || seconds <= 0) return undefined
  // What is a whole second but for a rounding error is one.
  return Math.ceil(Math.round(seconds * 1e6) / 1e6)
}

/** What the parser's own reader of blobs needs of one, over memory, with a word on each read. */
class Recording extends Blob {
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #onRead: () => Promise<void>

  constructor(bytes: Uint8Array<ArrayBuffer>, onRead: () => Promise<void>) {
    super([bytes])
    this.#bytes = bytes
    this.#onRead = onRead
  }

  override slice(from?: number, to?: number): Blob {
    return new Piece(this.#bytes.slice(from, to), this.#onRead)
  }
}

class Piece extends Blob {
  readonly #bytes: Uint8Array<ArrayBuffer>
  readonly #onRead: () => Promise<void>

  constructor(bytes: Uint8Array<ArrayBuffer>, onRead: () => Promise<void>) {
    super([])
    this.#bytes = bytes
    this.#onRead = onRead
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    await this.#onRead()
    return this.#bytes.buffer
  }
}
