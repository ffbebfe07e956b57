/**
 * Enrolment challenges without a store: the expiry and a MAC over it and the key that asked. One is
 * worth nothing without the private key, and nothing at all after two minutes.
 */
import { timingSafeEqual } from 'node:crypto'
import type { ChallengeReply } from '../protocol/enrolment.ts'
import { keyedHash } from '../protocol/keyed-hash.ts'

const challengeLifeMs = 120_000

export type ChallengeKey = { readonly stage: string; readonly challengeSecret: Buffer }

export function issueChallenge(
  key: ChallengeKey,
  publicKey: string,
  nowMs: number,
): ChallengeReply {
  const expiresAtMs = nowMs + challengeLifeMs
  return {
    challenge: `${expiresAtMs}.${mac(key, publicKey, expiresAtMs)}`,
    stage: key.stage,
    server_time_ms: nowMs,
    expires_at_ms: expiresAtMs,
  }
}

export function challengeHolds(
  key: ChallengeKey,
  answer: { readonly challenge: string; readonly publicKey: string },
  nowMs: number,
): boolean {
  const [, expiry, given = ''] = /^(\d{1,15})\.([A-Za-z0-9_-]{43})$/.exec(answer.challenge) ?? []
  const expiresAtMs = Number(expiry ?? 0)
  if (expiresAtMs <= nowMs) return false
  const expected = mac(key, answer.publicKey, expiresAtMs)
  return timingSafeEqual(Buffer.from(given), Buffer.from(expected))
}

function mac({ stage, challengeSecret }: ChallengeKey, publicKey: string, expiresAtMs: number) {
  const said = `b3iq:challenge:v1\n${stage}\n${publicKey}\n${expiresAtMs}`
  return keyedHash(challengeSecret, said).toString('base64url')
}
