/** One-time codes with which an owner's host becomes a node. Shown once; only the hash is kept. */
import * as z from 'zod'
import type { JoinCodeStore } from '../fleet/ports.ts'
import { isoTime } from '../http/iso-time.ts'
import { sha256Hex } from '../protocol/canonical.ts'
import type { Ids, NowMs } from '../protocol/clock.ts'
import { OwnerId, Region } from '../protocol/ids.ts'
import { ok, type Result } from '../protocol/result.ts'

export type JoinCodeDeps = {
  readonly joinCodes: Pick<JoinCodeStore, 'putJoinCode'>
  readonly ids: Ids
  readonly nowMs: NowMs
}

const lifeMs = 15 * 60_000
/** 128 bits: guessing is no way in, so a plain hash of it may be stored. */
const codeBytes = 16

export const JoinCodeDraft = z.strictObject({ owner_id: OwnerId, region: Region.optional() })

export async function createJoinCode(
  { joinCodes, ids, nowMs }: JoinCodeDeps,
  { owner_id: ownerId, region }: z.infer<typeof JoinCodeDraft>,
): Promise<Result<object>> {
  const code = `b3iq-join-${ids.token(codeBytes)}`
  const expiresAtMs = nowMs() + lifeMs
  await joinCodes.putJoinCode({ codeHash: sha256Hex(code), ownerId, expiresAtMs, region })
  return ok({
    object: 'join_code',
    code,
    owner_id: ownerId,
    region: region ?? null,
    expires_at: isoTime(expiresAtMs),
  })
}
