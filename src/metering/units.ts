/**
 * What is sold by the image or by the begun second. We count it ourselves: images in the answer, seconds in
 * the file that was sent. The host's claim can only lower what is billed.
 */

export type UnitBounds = {
  /** What the hold was made for: nothing above it is ever billed. */
  readonly most: number
  /** By how many an honest claim may be above our count: of a recording's last second. */
  readonly tolerance: number
}

export type UnitTruth = { readonly billed: number; readonly inflated: boolean }

/** `claimed` is undefined where the host says nothing of units. */
export function unitTruth(
  claimed: number | undefined,
  counted: number,
  { most, tolerance }: UnitBounds,
): UnitTruth {
  const billed = Math.min(claimed ?? counted, counted, most)
  return { billed, inflated: claimed !== undefined && claimed > counted + tolerance }
}
