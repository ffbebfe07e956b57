/** Operators' own keys, by owners: with one each, a second operator is somebody else. */
import * as z from 'zod'
import {
  hashKey,
  makeKey,
  type OperatorKey,
  type OperatorKeyStore,
  type Peppers,
} from '../keys/api-key.ts'
import { OperatorRole } from '../protocol/account.ts'
import { absurd, assert } from '../protocol/assert.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { pageFields, toList } from './page.ts'

export type OperatorKeyDeps = {
  readonly operators: Pick<OperatorKeyStore, 'createOperator' | 'listOperators' | 'revokeOperator'>
  readonly peppers: Peppers
  readonly ids: Ids
  readonly nowMs: NowMs
}

export const OperatorKeyDraft = z.strictObject({
  name: z.string().trim().min(1).max(128),
  role: OperatorRole,
})

export const OperatorKeyQuery = z.strictObject(pageFields)

export async function createOperatorKey(
  { operators, peppers, ids, nowMs }: OperatorKeyDeps,
  { name, role }: z.infer<typeof OperatorKeyDraft>,
): Promise<Result<object>> {
  const secret = makeKey('op-b3iq', peppers, ids)
  const keyHash = hashKey(secret, 'op-b3iq', peppers)
  assert(keyHash !== undefined, 'a key of ours has a hash')
  const keyId = `key_${ids.ulid(nowMs())}`
  const key: OperatorKey = { keyId, keyHash, name, role, status: 'active' }
  if (await operators.createOperator(key)) return ok({ ...toWireOperatorKey(key), key: secret })
  return refuse('state_conflict', {
    message: `There are ${limits.operatorKeys} active operator keys: revoke one first.`,
  })
}

export async function listOperatorKeys(
  { operators }: OperatorKeyDeps,
  { limit, after }: z.infer<typeof OperatorKeyQuery>,
): Promise<Result<object>> {
  return ok(toList(await operators.listOperators({ limit, after }), toWireOperatorKey))
}

/** The key admits nobody any more when this returns. */
export async function revokeOperatorKey(
  { operators }: OperatorKeyDeps,
  keyId: string,
): Promise<Result<object>> {
  const revoked = await operators.revokeOperator(keyId)
  switch (revoked.kind) {
    case 'revoked':
      return ok(toWireOperatorKey(revoked.key))
    case 'unknown_key':
      return refuse('key_not_found')
    case 'last_owner':
      return refuse('state_conflict', {
        message: 'This is the last owner key: make another owner key first.',
      })
    default:
      return absurd(revoked)
  }
}

export const toWireOperatorKey = ({ keyId, name, role, status }: OperatorKey) => ({
  object: 'operator_key',
  id: keyId,
  name,
  role,
  status,
})
