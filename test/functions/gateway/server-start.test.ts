/** What a gateway that cannot start says: one line that an alarm's runbook reads, and its end. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const server = fileURLToPath(new URL('../../../functions/gateway/server.ts', import.meta.url))

test.each([
  ['with an address that is none', { AWS_LAMBDA_HTTP_ENDPOINT: 'everywhere' }],
  ['where environments serve several requests at once', { AWS_LAMBDA_MAX_CONCURRENCY: '128' }],
])('%s it tells in one line that it failed', (_, env) => {
  const run = spawnSync(process.execPath, [server], { env: { B3IQ_STAGE: 'dev', ...env } })
  expect(run.status).toBe(1)
  const [line = '', ...more] = `${run.stdout}${run.stderr}`.trim().split('\n')
  expect(more).toEqual([])
  expect(JSON.parse(line)).toMatchObject({ event: 'gateway_failed', level: 'ERROR' })
})
