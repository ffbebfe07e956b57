/** As much of Prometheus' text format as two gauges need. */

/** The sum over all label sets of one metric; undefined where it is not exposed. */
export function metricSum(text: string, name: string): number | undefined {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.slice(line.lastIndexOf('}') + 1).match(/[^\s}]+$/)?.[0]))
    .filter(Number.isFinite)
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0)
}

/** A gauge of requests: whole and not negative. */
export function requestCount(text: string, name: string): number | undefined {
  const sum = metricSum(text, name)
  return sum === undefined ? undefined : Math.max(0, Math.round(sum))
}
