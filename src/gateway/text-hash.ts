/**
 * The hash of an answer's text, which comes in a few letters at a time: a call for each of them would cost more
 * than the hashing. Halves of a character that came apart stay apart, as whoever claims the text hashed them.
 */
import { createHash } from 'node:crypto'

/** What a call costs is nothing beside the hashing of so much. */
const charsPerUpdate = 4_096

export function makeTextHash() {
  const hash = createHash('sha256')
  let waiting = ''
  /** Asked of a piece as it comes: to look into what waits is to copy it. */
  let endsInHalf = false

  function update(): void {
    hash.update(waiting, 'utf8')
    waiting = ''
  }

  return {
    add: (text: string): void => {
      if (text === '') return
      if (endsInHalf) update()
      waiting += text
      endsInHalf = isFirstHalf(text.charCodeAt(text.length - 1))
      if (waiting.length >= charsPerUpdate) update()
    },
    /** In hex; more text may follow. */
    sha256: (): string => {
      update()
      return hash.copy().digest('hex')
    },
  }
}

const isFirstHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
