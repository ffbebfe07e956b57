/**
 * The one call that needs no operator key, because it makes the first. On AWS the function's own
 * address admits callers of the account by IAM; on a laptop a token stands in for that.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Hono } from 'hono'
import { resultResponse } from '../http/respond.ts'
import { makeSurface, type SurfaceDeps, type SurfaceEnv } from '../http/surface.ts'
import { hashKey, makeKey, type OperatorKeyStore, type Peppers } from '../keys/api-key.ts'
import { assert } from '../protocol/assert.ts'
import type { Ids } from '../protocol/clock.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { type RecordDeps, recordChange, toResponse } from './record-change.ts'

export type BootstrapDeps = SurfaceDeps &
  RecordDeps & {
    readonly operators: Pick<OperatorKeyStore, 'bootstrapOwner'>
    readonly peppers: Peppers
    readonly ids: Ids
    readonly guard: BootstrapGuard
  }

/** `iam`: whoever arrives here was admitted by AWS. */
export type BootstrapGuard =
  | { readonly kind: 'iam' }
  | { readonly kind: 'token'; readonly token: string }

export const bootstrapTokenHeader = 'x-b3iq-bootstrap-token'

export function makeBootstrapApp(deps: BootstrapDeps): Hono<SurfaceEnv> {
  const app = makeSurface(deps)
  app.post('/admin/bootstrap', async (c) => {
    const requestId = c.get('requestId')
    if (!isAdmitted(deps.guard, c.req.header(bootstrapTokenHeader))) {
      return resultResponse(refuse('invalid_operator_key'), requestId)
    }
    const answered = await recordChange(deps, {
      ...firstOwner,
      path: c.req.path,
      requestId,
      idempotencyKey: c.req.header('idempotency-key'),
      use: () => mintOwner(deps),
    })
    return toResponse(answered, requestId)
  })
  return app
}

/** Nobody operates yet: whoever the guard admits has an owner's part. */
const firstOwner = {
  route: 'POST /admin/bootstrap',
  subject: 'operator_key',
  named: { inReply: 'id' },
  isRepeatable: false,
  idInPath: '',
  body: null,
  by: { keyId: 'bootstrap', name: 'bootstrap', role: 'owner' },
  view: async () => undefined,
} as const

async function mintOwner(deps: BootstrapDeps): Promise<Result<object>> {
  const { operators, peppers, ids, nowMs } = deps
  const secret = makeKey('op-b3iq', peppers, ids)
  const keyHash = hashKey(secret, 'op-b3iq', peppers)
  assert(keyHash !== undefined, 'a key of ours has a hash')
  const keyId = `key_${ids.ulid(nowMs())}`
  const owner = { keyId, keyHash, name: 'owner', role: 'owner', status: 'active' } as const
  if (!(await operators.bootstrapOwner(owner))) return refuse('already_bootstrapped')
  return ok({ object: 'operator_key', id: keyId, name: owner.name, role: owner.role, key: secret })
}

function isAdmitted(guard: BootstrapGuard, given: string | undefined): boolean {
  return guard.kind === 'iam' || (given !== undefined && isEqual(given, guard.token))
}

/** Digests are of one length, so the comparison tells nothing of the token's. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
