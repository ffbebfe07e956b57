/** What the log says when deployed, from a process of its own: the lines go past any console. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const adapter = new URL('../../src/adapters/logger.ts', import.meta.url).href

function linesOf(calls: string, env: Readonly<Record<string, string>> = {}) {
  const script = `const { makeLogger } = await import(${JSON.stringify(adapter)})
    const logger = makeLogger('dev')
    ${calls}`
  const args = ['--input-type=module', '--eval', script]
  const run = spawnSync(process.execPath, args, {
    env: { B3IQ_SERVICE: 'ingest', ...env },
  })
  // Warnings and errors go to the other stream; Lambda reads both.
  return `${run.stdout}${run.stderr}`
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line))
}

test('an event is one line: itself, its fields, its level, whose it is', () => {
  const [line, ...others] = linesOf(`logger.write('warn', 'cloned_identity', { nodeId: 'n_1' })`)
  expect(others).toEqual([])
  expect(line).toEqual({
    event: 'cloned_identity',
    nodeId: 'n_1',
    level: 'WARN',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    stage: 'dev',
    service: 'ingest',
  })
})

test('a field may be called what the library calls its own', () => {
  const fields = `{ message: 'no table', level: 'of detail', amount: 5n }`
  expect(linesOf(`logger.write('error', 'sweep_failed', ${fields})`)).toMatchObject([
    { event: 'sweep_failed', message: 'no table', level: 'ERROR', amount: '5' },
  ])
})

test('within an invocation, lines name it and tell the first of an environment', () => {
  const calls = `for (const awsRequestId of ['one', 'two']) {
    logger.addContext({ awsRequestId })
    logger.write('info', 'schedule_ran', {})
  }`
  const lines = linesOf(calls, { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' })
  expect(lines).toMatchObject([
    { lambdaRequestId: 'one', coldStart: true },
    { lambdaRequestId: 'two', coldStart: false },
  ])
})

test('what is quieter than the level of the function stays out', () => {
  const calls = `logger.write('info', 'schedule_ran', {})
    logger.write('error', 'payout_failed', {})`
  const lines = linesOf(calls, { AWS_LAMBDA_LOG_LEVEL: 'WARN' })
  expect(lines.map(({ event }) => event)).toEqual(['payout_failed'])
})
