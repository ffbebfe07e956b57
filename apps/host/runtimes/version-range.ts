/**
 * Which versions of a runtime a fact holds for. Runtimes write versions in many ways (`0.9.2`,
 * `v0.5.12.post1`, `0.11.0rc1+cu128`, `b6123-79c1160b`), so only the leading numbers count: a
 * candidate of 0.9.2 already has what 0.9.2 changed.
 */

import { assert } from '../../../src/protocol/assert.ts'

type Operator = '<' | '<=' | '>=' | '>'

const holds: Readonly<Record<Operator, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>=': (order) => order >= 0,
  '>': (order) => order > 0,
}

/** `*`, or bounds that must all hold, such as `>=0.8 <0.9.2`. False for a version without numbers. */
export function inRange(version: string, range: string): boolean {
  if (range === '*') return true
  const numbers = numbersOf(version)
  if (numbers === undefined) return false
  return range.split(' ').every((bound) => {
    const [, operator, limit] = /^(<=?|>=?)(.+)$/.exec(bound) ?? []
    const limitNumbers = numbersOf(limit ?? '')
    assert(isOperator(operator) && limitNumbers !== undefined, 'a range has bounds', { range })
    return holds[operator](compare(numbers, limitNumbers))
  })
}

function numbersOf(version: string): readonly number[] | undefined {
  const [, digits] = /^[a-z]?(\d+(?:\.\d+)*)/i.exec(version) ?? []
  return digits?.split('.').map(Number)
}

function compare(one: readonly number[], other: readonly number[]): number {
  const length = Math.max(one.length, other.length)
  const differences = Array.from({ length }, (_, at) => (one[at] ?? 0) - (other[at] ?? 0))
  return differences.find((difference) => difference !== 0) ?? 0
}

const isOperator = (text: string | undefined): text is Operator =>
  text !== undefined && Object.hasOwn(holds, text)
