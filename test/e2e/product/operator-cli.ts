/**
 * An operator's day with the command line alone, against the running product: a customer with money and a
 * limited key, a paid answer, what it came to, a node that is paused, and why the next request is refused.
 */
import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { type Desk, makeDesk } from '../../apps/cli/support/in-process.ts'
import type { Run } from '../../apps/cli/support/run-cli.ts'
import type { LocalStack } from '../../support/local-stack.ts'
import { theStack } from './stack.ts'

let stack: LocalStack
let desk: Desk
beforeAll(async () => {
  stack = theStack()
  desk = await makeDesk({
    sleep: (durationMs, signal) => delay(durationMs, undefined, { signal }),
    newId: () => randomUUID(),
  })
})
afterAll(() => desk?.clear())

const b3iq = (...argv: string[]) => {
  const env = {
    B3IQ_GATEWAY_URL: stack.ready.gatewayUrl,
    B3IQ_ADMIN_URL: stack.ready.adminUrl,
    B3IQ_OPERATOR_KEY_FILE: stack.ready.adminKeyFile,
    B3IQ_KEY_FILE: desk.at('ada.key'),
  }
  return desk.runWith({ env }, ...argv)
}

async function done(...argv: string[]): Promise<string> {
  const { code, out, err } = await b3iq(...argv)
  expect({ argv, code, err }).toEqual({ argv, code: 0, err: '' })
  return out
}

const Made = z.object({ id: z.string() })
const madeBy = async (...argv: string[]) => Made.parse(JSON.parse(await done(...argv, '--json'))).id

/** What is kept of requests follows them within seconds. */
async function until(attempt: () => Promise<Run>, isThere: (run: Run) => boolean): Promise<Run> {
  for (let tries = 0; ; tries += 1) {
    const ended = await attempt()
    if (isThere(ended) || tries >= 20) return ended
    await delay(500)
  }
}

test('from a new customer to an explained refusal', { timeout: 90_000 }, async () => {
  const account = await madeBy('accounts', 'create', 'Ada', '--tag', 'team=red')
  await done('top-up', account, '5', '--reference', `payment-${account}`)
  const keyFile = desk.at('ada.key')
  const limits = ['--spend-per-day', '1', '--concurrency', '2', '--allow-model', '*']
  const scopes = ['--scope', 'inference,billing:read']
  const key = await madeBy(
    ...['keys', 'create', account, '--name', 'laptop', ...scopes, ...limits],
    ...['--write-key-file', keyFile],
  )
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600)

  const { model } = stack.ready
  const ask = () =>
    b3iq('chat', 'Tell me a story.', '--model', model, '--max-tokens', '16', '--tries', '1')
  const answer = await ask()
  expect(answer.code).toBe(0)
  expect(answer.out.trim().length).toBeGreaterThan(8)
  const [, cost = ''] = /^charge (0\.\d+) USD/.exec(answer.err) ?? []
  const [, ...proof] = /verify (\S+) (\S+)/.exec(answer.err) ?? []
  expect(await done('verify', ...proof)).toMatch(/^private {4}passed/m)
  expect(await done('usage')).toContain(`-${cost}`)

  const spent = await until(
    () => b3iq('spend', '--account', account),
    ({ out }) => out.includes(cost),
  )
  expect(spent.out).toMatch(new RegExp(`: 1 requests, ${cost.replace('.', '\\.')} USD`))

  const [node = ''] = /^n_\w+/m.exec(await done('nodes', 'list')) ?? []
  await done('nodes', 'pause', node)
  const refused = await until(ask, ({ code }) => code !== 0)
  expect(refused.code).toBe(1)
  expect(refused.err).toMatch(/\(no_eligible_host, request \S+\)\n$/)
  const messages = [{ role: 'user', content: 'Tell me a story.' }]
  const body = await desk.write('body.json', { model, messages, max_tokens: 16 })
  const explained = await done('explain', '--key-id', key, body)
  expect(explained).toMatch(/^The request would be refused\./)
  expect(explained).toContain('no_eligible_host')
  expect(explained).toMatch(new RegExp(`^${node} .*node_(suspended|not_approved)`, 'm'))
  await done('nodes', 'approve', node)

  const changes = await done('audit', '--subject', node)
  expect(changes).toContain('POST /admin/nodes/:id/suspend')
  await done('keys', 'revoke', key)
  // What is refused for another reason first may know the key for 5 s.
  const { err } = await until(ask, (run) => run.err.includes('invalid_api_key'))
  expect(err).toContain('invalid_api_key')
})
