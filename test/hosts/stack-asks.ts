/** What tests of whole hosts ask of the product over HTTP. */
import { setTimeout as delay } from 'node:timers/promises'
import * as z from 'zod'
import type { LocalStack } from '../support/local-stack.ts'

const Deployments = z.object({
  data: z.array(
    z.looseObject({
      node_id: z.string(),
      profile_id: z.string(),
      model: z.string(),
      eligible: z.boolean(),
      spot_checks: z.object({ passed: z.int(), failed: z.int() }).nullable(),
      blockers: z.array(z.looseObject({ gate: z.string(), code: z.string(), message: z.string() })),
    }),
  ),
})

/** Of the model that chats; beside it the engine has one that embeds. */
export async function deploymentOf({ admin, ready }: LocalStack, nodeId: string) {
  const { data } = await admin.send('GET', '/admin/deployments', undefined, Deployments)
  const found = data.find(({ node_id, model }) => node_id === nodeId && model === ready.model)
  if (!found) throw new Error(`${nodeId} serves nothing`)
  return found
}

export async function modelIds({ ready }: LocalStack): Promise<string[]> {
  const response = await fetch(`${ready.gatewayUrl}/v1/models`)
  const Models = z.object({ data: z.array(z.object({ id: z.string() })) })
  return Models.parse(await response.json()).data.map(({ id }) => id)
}

/** Not streamed; the status and whatever JSON came. */
export async function chat(
  { ready, customerKey }: LocalStack,
  { maxTokens = 16 }: { readonly maxTokens?: number } = {},
) {
  const response = await fetch(`${ready.gatewayUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customerKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: ready.model,
      messages: [{ role: 'user', content: `Tell me of ${crypto.randomUUID()}.` }],
      max_tokens: maxTokens,
    }),
  })
  const body: unknown = await response.json()
  return { status: response.status, headers: response.headers, body }
}

const Receipt = z.object({
  body: z.object({
    served: z.looseObject({
      usage: z.object({
        claimed: z.looseObject({ completion: z.int() }).nullable(),
        counted: z.looseObject({ completion: z.int() }),
        billed: z.looseObject({ completion: z.int() }),
        inflated: z.boolean(),
      }),
    }),
  }),
})

export async function receiptOf({ ready }: LocalStack, hash: string) {
  const response = await fetch(`${ready.gatewayUrl}/v1/receipts/${hash}`)
  return Receipt.parse(await response.json()).body.served
}

/** The only host in rotation, so that every request meets it. */
export async function suspend({ admin }: LocalStack, nodeId: string): Promise<void> {
  await admin.send('POST', `/admin/nodes/${nodeId}/suspend`, {}, z.unknown())
}

export async function demoNodeId({ admin }: LocalStack): Promise<string> {
  const Nodes = z.object({ data: z.array(z.object({ id: z.string(), owner_id: z.string() })) })
  const { data } = await admin.send('GET', '/admin/nodes', undefined, Nodes)
  const demo = data.find(({ owner_id }) => owner_id === 'demo-owner')
  if (!demo) throw new Error('the stack has a demo host')
  return demo.id
}

const Refusal = z.object({
  error: z.object({
    code: z.string(),
    availability: z.object({ excluded_by: z.array(z.string()) }),
  }),
})

/** Why nobody serves a customer at this moment. */
export async function refusal(stack: LocalStack) {
  const { status, body } = await chat(stack)
  const { code, availability } = Refusal.parse(body).error
  return { status, code, excludedBy: availability.excluded_by }
}

/** Asks until `isRight`, and tells what it last heard when the time is over. */
export async function until<T>(
  read: () => Promise<T>,
  isRight: (value: T) => boolean,
  withinMs: number,
): Promise<{ readonly value: T; readonly tookMs: number }> {
  const startedMs = Date.now()
  for (;;) {
    const value = await read().catch(() => undefined)
    const tookMs = Date.now() - startedMs
    if (value !== undefined && isRight(value)) return { value, tookMs }
    if (tookMs > withinMs) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(value)}`)
    await delay(250)
  }
}

/** A host that has passed all five gates, with a benchmark of its own. */
export async function untilEligible(stack: LocalStack, nodeId: string): Promise<void> {
  await until(
    () => deploymentOf(stack, nodeId),
    ({ eligible }) => eligible,
    90_000,
  )
}
