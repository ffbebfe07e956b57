/**
 * What changes about a key while it is in use. Spend is counted from its first limit on, whatever that
 * limits: a spend limit that comes later meets what was counted, and one that is the first limit begins at zero.
 */
import * as z from 'zod'
import type { CustomerKey, KeyChange, KeyChanged } from '../keys/api-key.ts'
import { KeyLimitsChange, KeyPolicy, KeyPolicyChange } from '../protocol/account.ts'
import { absurd } from '../protocol/assert.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import { withLimits } from './key-limits.ts'
import { toWireKey } from './key-view.ts'
import { ExpiryTime, expiryOf, type KeyDeps, KeyName, newSecret, noRoom } from './keys.ts'

/** What is left out stays; null takes a rule, a limit or the expiry away. */
export const KeyPatch = z
  .strictObject({
    name: KeyName,
    policy: KeyPolicyChange,
    limits: KeyLimitsChange,
    expires_at: ExpiryTime.nullable(),
  })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one field to change')
type KeyPatch = z.infer<typeof KeyPatch>

export const KeyRotation = z.strictObject({
  /** How long the secret before the new one stays good. */
  grace_seconds: z.int().min(0).max(limits.secretGraceSec).default(0),
})

const triesMax = 3

/** Gateways know of it within 5 s. */
export const changeKey = (deps: KeyDeps, keyId: string, patch: KeyPatch): Promise<Result<object>> =>
  onKey(deps, keyId, async (key) => {
    const expiresAtMs =
      patch.expires_at === undefined
        ? ok(key.expiresAtMs)
        : expiryOf(patch.expires_at, deps.nowMs())
    if (!expiresAtMs.ok) return expiresAtMs
    const change: KeyChange = {
      name: patch.name ?? key.name,
      policy: withPolicy(key.policy, patch.policy ?? {}),
      expiresAtMs: expiresAtMs.value,
      ...changeOfLimits(key, patch.limits ?? {}, deps.nowMs()),
    }
    return ok({ changed: await deps.keys.changeKey(key, change), shown: {} })
  })

/** Shows the new secret, this once. */
export const rotateKey = (
  deps: KeyDeps,
  keyId: string,
  { grace_seconds: graceSec }: z.infer<typeof KeyRotation>,
): Promise<Result<object>> =>
  onKey(deps, keyId, async (key) => {
    const { secret, keyHash } = newSecret(deps)
    const next = { keyHash, atMs: deps.nowMs(), graceMs: graceSec * 1000 }
    return ok({ changed: await deps.keys.rotateKey(key, next), shown: { key: secret } })
  })

type Step = { readonly changed: KeyChanged; readonly shown: object }

/** Works on the key as it is; where another operator was first, on what that one made of it. */
async function onKey(
  { keys, nowMs }: KeyDeps,
  keyId: string,
  act: (key: CustomerKey) => Promise<Result<Step>>,
): Promise<Result<object>> {
  for (let attempt = 0; attempt < triesMax; attempt += 1) {
    const key = await keys.readById(keyId)
    if (!key) return refuse('key_not_found')
    if (key.status === 'revoked') {
      return refuse('state_conflict', { message: 'The key is revoked: make a new one.' })
    }
    const step = await act(key)
    if (!step.ok) return step
    const { changed, shown } = step.value
    switch (changed.kind) {
      case 'changed':
        return ok({ ...toWireKey(changed.key, nowMs()), ...shown })
      case 'no_room':
        return refuse(...noRoom)
      case 'stale':
        continue
      default:
        return absurd(changed)
    }
  }
  return refuse('state_conflict', {
    retryable: true,
    message: 'Others changed the key at the same time: look at it and try again.',
  })
}

/** A limit that was raised bounds what was spent before it, too; one that is new or lower does not. */
function changeOfLimits(key: CustomerKey, change: KeyLimitsChange, nowMs: number): KeyChange {
  const after = withLimits(key, change)
  const isTighter = (['spendPerDay', 'spendPerMonth'] as const).some((name) => {
    const [was, is] = [key[name], after[name]]
    return is !== undefined && (was === undefined || is < was)
  })
  return isTighter ? { ...after, spendTightenedAtMs: nowMs } : after
}

function withPolicy(before: KeyPolicy, change: KeyPolicyChange): KeyPolicy {
  const merged = Object.entries({ ...before, ...change }).filter(([, rule]) => rule !== null)
  return KeyPolicy.parse(Object.fromEntries(merged))
}
