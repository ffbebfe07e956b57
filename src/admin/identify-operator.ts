/** Who operates: the bearer of an operator key, with one answer for every way not to be one. */
import {
  bearerToken,
  hashKey,
  type OperatorKey,
  type OperatorKeyStore,
  type Peppers,
} from '../keys/api-key.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type AdminRoute, allows, leastRole } from './roles.ts'

export type IdentifyDeps = {
  readonly peppers: Peppers
  readonly operators: Pick<OperatorKeyStore, 'readOperator'>
}

export async function identifyOperator(
  { peppers, operators }: IdentifyDeps,
  authorization: string | undefined,
  route: AdminRoute,
): Promise<Result<OperatorKey>> {
  const token = bearerToken(authorization)
  const hash = token === undefined ? undefined : hashKey(token, 'op-b3iq', peppers)
  const operator = hash === undefined ? undefined : await operators.readOperator(hash)
  if (operator?.status !== 'active') return refuse('invalid_operator_key')
  const least = leastRole[route]
  if (allows(operator.role, least)) return ok(operator)
  return refuse('missing_role', {
    message: `This needs the role ${least} or above; the key has ${operator.role}.`,
    detail: { role: operator.role, least_role: least },
  })
}
