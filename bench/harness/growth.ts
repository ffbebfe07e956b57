/** How a cost grows with size: the slope of its line where both scales are logarithmic. */

/** 0 is constant, 1 is linear, 2 is quadratic. Costs and sizes are above 0; there are two at least. */
export function growthOf(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const)
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(logs.map(([x]) => x)), mean(logs.map(([, y]) => y))]
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const variance = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  if (!(variance > 0)) throw new Error('a growth needs two sizes')
  return covariance / variance
}

/** Linear, with room for what a larger heap costs besides. */
export const growthMax = 1.1
