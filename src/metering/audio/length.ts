/** What a reader of one kind of file finds out of its length. */
export type AudioLength = {
  /** Of what a decoder finds to play. */
  readonly counted: number
  /** The file's own word: it may cut off what encoders put around the sound, and no more. */
  readonly told?: number | undefined
}

/** Encoders fill up their first and last frames. */
const fillingSeconds = 0.25

export const secondsOf = ({ counted, told }: AudioLength): number =>
  told !== undefined && Math.abs(told - counted) <= fillingSeconds ? told : counted

/** An hour of Opus has half as many packets. */
const partsMax = 400_000

/** Called for each thing that is looked at; a file of more of them than play is given up. */
export function countingParts(most = partsMax): () => void {
  let parts = 0
  return () => {
    parts += 1
    if (parts > most) throw new RangeError('the recording is of too many parts')
  }
}
