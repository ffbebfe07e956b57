/** Values of replies as people read them, whatever a server may have put there. */
import { printable } from './printable.ts'

/** `text` as it is, `ago` relative to now, `usd` and `count` aligned to the right. */
export type CellKind = 'text' | 'ago' | 'usd' | 'count'

/** Lists are joined, maps are `name=value`; what is absent is a dash. */
export function cell(value: unknown, kind: CellKind, nowMs: number): string {
  if (value === null || value === undefined || value === '') return '-'
  if (kind === 'ago' && typeof value === 'string') return ago(value, nowMs)
  if (Array.isArray(value)) return joined(value.map((one) => cell(one, 'text', nowMs)))
  if (typeof value === 'object') {
    return joined(
      Object.entries(value).map(([name, one]) => `${printable(name)}=${cell(one, 'text', nowMs)}`),
    )
  }
  if (kind === 'count' && typeof value === 'number') return String(Math.round(value))
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return printable(String(value))
}

const joined = (parts: readonly string[]): string => (parts.length === 0 ? '-' : parts.join(', '))

const units = [
  { name: 'd', ms: 24 * 60 * 60_000 },
  { name: 'h', ms: 60 * 60_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1000 },
] as const

/** `3 min ago`, `in 2 h`; what is no time stays as it is. */
export function ago(iso: string, nowMs: number): string {
  const atMs = Date.parse(iso)
  if (Number.isNaN(atMs)) return printable(iso)
  const distanceMs = Math.abs(nowMs - atMs)
  const unit = units.find(({ ms }) => distanceMs >= ms)
  if (!unit) return 'now'
  const amount = `${Math.floor(distanceMs / unit.ms)} ${unit.name}`
  return atMs <= nowMs ? `${amount} ago` : `in ${amount}`
}

/** Amounts one above the other, point under point. */
export function alignedAmounts(amounts: readonly string[]): readonly string[] {
  const parts = amounts.map((amount) => {
    const point = amount.indexOf('.')
    return point < 0
      ? { whole: amount, fraction: '' }
      : { whole: amount.slice(0, point), fraction: amount.slice(point) }
  })
  const wholeChars = Math.max(0, ...parts.map(({ whole }) => whole.length))
  const fractionChars = Math.max(0, ...parts.map(({ fraction }) => fraction.length))
  return parts.map(
    ({ whole, fraction }) => whole.padStart(wholeChars) + fraction.padEnd(fractionChars),
  )
}
