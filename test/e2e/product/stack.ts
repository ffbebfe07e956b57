/** The one running product that the suites beside this file share: to start it takes longer than most of them. */
import { afterAll, beforeAll } from 'vitest'
import { type LocalStack, startLocalStack } from '../../support/local-stack.ts'

let started: LocalStack | undefined

/** Of tests and hooks alone: nothing runs while files are being read. */
export function theStack(): LocalStack {
  if (started === undefined) throw new Error('the product has not started')
  return started
}

beforeAll(async () => {
  started = await startLocalStack()
}, 120_000)
afterAll(() => started?.stop())
