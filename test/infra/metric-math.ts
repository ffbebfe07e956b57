/**
 * Evaluates the part of CloudWatch's metric math that our alarms and dashboards are written in, at one point in
 * time: + - * / > <, parentheses, IF and FILL. Whatever else an expression holds is refused.
 */

/** By id; undefined where the period has no data. */
export type Values = Readonly<Record<string, number | undefined>>

/** Undefined where CloudWatch would have no data point: an operand is missing, or divided by 0. */
export function evaluate(expression: string, values: Values): number | undefined {
  const tokens = expression.match(/[A-Za-z_]\w*|\d+(?:\.\d+)?|[-+*/<>(),]|\S/g) ?? []
  let position = 0
  const peek = () => tokens[position]
  const take = (expected?: string): string => {
    const token = tokens[position]
    if (token === undefined || (expected !== undefined && token !== expected)) {
      throw new Error(`"${expression}": ${token ?? 'the end'} where ${expected ?? 'more'} belongs`)
    }
    position += 1
    return token
  }
  const leftToRight = (operators: readonly string[], operand: () => number | undefined) => {
    let value = operand()
    for (let next = peek(); next !== undefined && operators.includes(next); next = peek()) {
      value = applied(take(), value, operand())
    }
    return value
  }
  const comparison = (): number | undefined => leftToRight(['<', '>'], sum)
  const sum = () => leftToRight(['+', '-'], product)
  const product = () => leftToRight(['*', '/'], single)
  const single = (): number | undefined => {
    const token = take()
    if (/^\d/.test(token)) return Number(token)
    if (token === '(') return closed(comparison())
    if (!/^[A-Za-z_]/.test(token)) throw new Error(`"${expression}" holds ${token}`)
    if (peek() === '(') return called(token)
    if (!Object.hasOwn(values, token)) throw new Error(`"${expression}" names ${token}`)
    return values[token]
  }
  const closed = (value: number | undefined) => {
    take(')')
    return value
  }
  const called = (name: string) => {
    take('(')
    const first = comparison()
    take(',')
    const second = comparison()
    if (name === 'FILL') return closed(first ?? second)
    if (name !== 'IF') throw new Error(`"${expression}" calls ${name}`)
    take(',')
    const third = comparison()
    return closed(first === undefined ? undefined : first === 0 ? third : second)
  }
  const value = comparison()
  if (position < tokens.length) throw new Error(`"${expression}" goes on with ${peek()}`)
  return value
}

function applied(operator: string, one: number | undefined, other: number | undefined) {
  if (one === undefined || other === undefined) return undefined
  if (operator === '+') return one + other
  if (operator === '-') return one - other
  if (operator === '*') return one * other
  if (operator === '>') return Number(one > other)
  if (operator === '<') return Number(one < other)
  return other === 0 ? undefined : one / other
}
