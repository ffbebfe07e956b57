// Cuts generated text at the first stop string. One may arrive in parts, so text that could be
// the beginning of one is held back until more is known.

export type Cut = { readonly text: string; readonly stopped: boolean }

/** Length of the longest end of `text` that a stop string could begin with. */
const heldLength = (text: string, stops: readonly string[]): number => {
  const longest = Math.max(0, ...stops.map((stop) => stop.length - 1))
  for (let length = Math.min(longest, text.length); length > 0; length -= 1) {
    const end = text.slice(text.length - length)
    if (stops.some((stop) => stop.startsWith(end))) return length
  }
  return 0
}

const firstStop = (text: string, stops: readonly string[]): number => {
  const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place !== -1)
  return places.length === 0 ? -1 : Math.min(...places)
}

/** `stops` must not hold empty strings. Nothing may be pushed once `stopped` was true. */
export const makeStopFilter = (stops: readonly string[]) => {
  let held = ''
  return {
    push(addition: string): Cut {
      const text = held + addition
      const place = firstStop(text, stops)
      if (place !== -1) {
        held = ''
        return { text: text.slice(0, place), stopped: true }
      }
      const free = text.length - heldLength(text, stops)
      held = text.slice(free)
      return { text: text.slice(0, free), stopped: false }
    },
    flush(): string {
      const text = held
      held = ''
      return text
    },
  }
}
