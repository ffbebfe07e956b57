/**
 * What is sold by the image or by the begun second. We count it ourselves: images in the answer, seconds in
 * the file that was sent. The host's claim can only lower what is billed.
 */

export type UnitBounds = {
  /** What the hold was made for: nothing above it is ever billed. */
  readonly most: number
  /**
   * By how many an honest claim may be above our count. Undefined where we count what the customer sent: a
   * runtime may find more in it than we do, and no customer should be able to make a host a liar.
   */
  readonly tolerance?: number | undefined
}

export type UnitTruth = { readonly billed: number; readonly inflated: boolean }

/** `claimed` is undefined where the host says nothing of units. */
export function unitTruth(
  claimed: number | undefined,
  counted: number,
  { most, tolerance }: UnitBounds,
): UnitTruth {
  const billed = Math.min(claimed ?? counted, counted, most)
  const isAbove = claimed !== undefined && tolerance !== undefined && claimed > counted + tolerance
  return { billed, inflated: isAbove }
}
