// No write of the product may be missing from the table of faults.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cases } from './cases.ts'
import { writeMethodsOf } from './write-methods.ts'

const folder = join(import.meta.dirname, '..', '..', 'src', 'adapters', 'dynamodb')
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({
    file: file.replaceAll('\\', '/'),
    text: readFileSync(join(folder, file), 'utf8'),
  }))

describe('every write of the stores', () => {
  const { methods, unreached } = writeMethodsOf(sources)

  test('is sent by a method that the table of faults names, and the table names no other', () => {
    const named = new Set(cases.map(({ file, method }) => `${file} ${method}`))
    expect([...named].toSorted()).toEqual(methods)
  })

  test('is sent by a method of a store', () => {
    expect(unreached).toEqual([])
  })
})

describe('a method that writes is found', () => {
  const found = (...texts: readonly string[]) =>
    writeMethodsOf(texts.map((text, index) => ({ file: `file-${index}.ts`, text }))).methods

  test.each([
    ['in the method', 'return { a: async () => client.put({}), b: async () => client.get({}) }'],
    [
      'in a function beside it',
      'const w = () => database.once.update({})\nreturn { a: () => w(), b: 1 }',
    ],
    [
      'under its own name',
      'const a = async () => once.delete({})\nreturn { a, b: () => map.delete(1) }',
    ],
  ])('%s', (_, body) => {
    expect(found(`export function makeStore() {\n${body}\n}`)).toEqual(['file-0 a'])
  })

  test('in another file', () => {
    const store =
      "import { send } from './file-1.ts'\nexport function makeStore() { return { a: send } }"
    const other =
      'export async function send() { return deep() }\nconst deep = () => client.transactWrite({})'
    expect(found(store, other)).toEqual(['file-0 a'])
  })

  test('and a write outside of all stores is told with its place', () => {
    const text = 'export const clean = () =>\n  client.delete({})'
    expect(writeMethodsOf([{ file: 'clean.ts', text }])).toEqual({
      methods: [],
      unreached: ['clean.ts:2'],
    })
  })
})
