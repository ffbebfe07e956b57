/**
 * Cells of nvidia-smi's CSV. `[N/A]`, `[Not Supported]`, `[Unknown Error]` and their like are
 * unknown, which is not the same as 0.
 */

const textMax = 128

export function textCell(cell: string | undefined): string | null {
  const text = cell?.trim() ?? ''
  if (text === '' || text.startsWith('[') || /^N\/A$/i.test(text)) return null
  return text.slice(0, textMax)
}

/** Some drivers print units although they are asked not to. */
export function numberCell(
  cell: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | null {
  const [, digits] = /^(-?\d+(?:\.\d+)?)(?:\s*(?:MiB|%|W|C))?$/.exec(textCell(cell) ?? '') ?? []
  const value = digits === undefined ? Number.NaN : Number(digits)
  return value >= min && value <= max ? value : null
}

export function wholeCell(cell: string | undefined): number | null {
  const value = numberCell(cell, { min: 0, max: Number.MAX_SAFE_INTEGER })
  return value === null ? null : Math.round(value)
}

/** What names a card, or a part of one; anything else on a line means that it is no line of data. */
export const isGpuUuid = (text: string | null): text is string =>
  text !== null && /^(GPU|MIG)-[\w./-]+$/.test(text)
