/**
 * Which instance of the stage's launch role an enrolment comes from. Everything that can be told without
 * STS is judged before it is asked.
 */
import type { AskCallerIdentity, LaunchRole } from '../fleet/launch-role.ts'
import type { Log } from '../http/surface.ts'
import {
  type CallerIdentity,
  callerIdentityLifeSec,
  type IdentityBinding,
  presignedRequest,
  signedAtMs,
} from '../protocol/caller-identity.ts'
import type { NowMs } from '../protocol/clock.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'

export type InstanceTrust = {
  readonly role: LaunchRole
  readonly askCallerIdentity: AskCallerIdentity
}

/** Clocks differ by less where the time was corrected by ours a moment ago. */
const aheadMsMax = 30_000

/** The id of the instance, such as `i-0123456789abcdef0`. */
export async function provenInstance(
  { role, askCallerIdentity }: InstanceTrust,
  deps: { readonly nowMs: NowMs; readonly log: Log },
  { identity, binding }: { readonly identity: CallerIdentity; readonly binding: IdentityBinding },
): Promise<Result<string>> {
  if (identity.region !== role.region) {
    return rejected(`Instances of this stage enrol from ${role.region}: launch it there.`)
  }
  const ageMs = deps.nowMs() - signedAtMs(identity)
  const isTimely = ageMs >= -aheadMsMax && ageMs <= callerIdentityLifeSec * 1000
  if (!isTimely) return rejected('The identity is not of this minute: sign it anew.')
  const answer = await askCallerIdentity(presignedRequest(identity, binding))
  switch (answer.kind) {
    case 'unavailable':
      deps.log('identity_unavailable', { why: answer.why })
      return refuse('identity_unavailable')
    case 'refused':
      return rejected('STS does not confirm the identity for this key and challenge.')
    case 'caller': {
      const [roleId, instanceId = ''] = answer.userId.split(':', 2)
      const isOurs = roleId === role.roleId && /^i-[0-9a-f]{8,17}$/.test(instanceId)
      return isOurs ? ok(instanceId) : refuse('instance_rejected', { param })
    }
  }
}

const param = 'caller_identity'
const rejected = (message: string) => refuse('instance_rejected', { param, message })
