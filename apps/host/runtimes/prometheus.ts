/** As much of Prometheus' text format as gauges and counters of runtimes need. */

export type Sample = {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Every label set of one metric; values that are no finite number are left out. */
export function samplesOf(lines: readonly string[], name: string): Sample[] {
  return lines
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => sampleOf(line.slice(name.length).trim()))
    .filter(({ value }) => Number.isFinite(value))
}

/** `rest` is a line without its name: labels if any, a value, sometimes a time. */
function sampleOf(rest: string): Sample {
  const end = rest.startsWith('{') ? rest.lastIndexOf('}') + 1 : 0
  const [value = ''] = rest.slice(end).trim().split(/\s+/)
  const pairs = rest.slice(0, end).matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)
  return {
    labels: Object.fromEntries([...pairs].map(([, key = '', text = '']) => [key, text])),
    value: value === '' ? Number.NaN : Number(value),
  }
}
