import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fieldReference, fieldReferenceFile } from '../../scripts/field-reference.ts'
import { fieldTable } from '../../src/dispatch/field-table.ts'

test('docs/fields.md is what the field table says', () => {
  const committed = readFileSync(fieldReferenceFile, 'utf8')
  expect(committed).toBe(fieldReference())
  for (const name of fieldTable.keys()) expect(committed).toContain(`\`${name}\``)
})
