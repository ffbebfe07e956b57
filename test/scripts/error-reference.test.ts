import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorReference, errorReferenceFile } from '../../scripts/error-reference.ts'
import { errorTable } from '../../src/protocol/errors.ts'

test('docs/errors.md is what the error table says', () => {
  const committed = readFileSync(errorReferenceFile, 'utf8')
  expect(committed).toBe(errorReference())
  for (const code of Object.keys(errorTable)) expect(committed).toContain(`\`${code}\``)
})
