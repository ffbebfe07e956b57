/**
 * All secrets of one stage as one document: peppers for key hashes, the key that signs receipts, the root
 * that certifies ticket keys. Lives in an SSM SecureString or a 0600 file, never in the environment.
 */
import { hkdfSync } from 'node:crypto'
import * as z from 'zod'
import type { Ids } from '../protocol/clock.ts'
import { generatePrivateKey, makeSigner, PrivateKeyJwk } from '../protocol/ed25519.ts'
import { PublishedKey, type PublishedKeys } from '../protocol/receipt.ts'
import type { Peppers } from './api-key.ts'

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]{22,}$/)
const PepperId = z.string().regex(/^[a-z0-9]{1,8}$/)

const SigningKey = z.strictObject({
  key_id: z.string().min(1).max(64),
  not_before_ms: z.int(),
  private_key: PrivateKeyJwk,
})

export const StageSecrets = z
  .strictObject({
    v: z.literal(1),
    stage: z.string().min(1).max(32),
    pepper_current: PepperId,
    peppers: z.record(PepperId, Base64Url),
    receipt_key: SigningKey,
    ticket_root_key: SigningKey,
    /** Signs jobs and nothing else. */
    job_key: SigningKey,
    /** Public halves of earlier keys: receipts they signed stay verifiable for ever. */
    retired_keys: z.array(PublishedKey).default([]),
    enrolment_secret: Base64Url,
    bootstrap_token: Base64Url,
    /** Opens tunnels and their names; needed where the stage has `tunnels` configured. */
    cloudflare_api_token: z.string().min(20).max(256).optional(),
  })
  .refine((secrets) => Object.hasOwn(secrets.peppers, secrets.pepper_current), {
    message: 'pepper_current must be one of peppers',
  })
export type StageSecrets = z.infer<typeof StageSecrets>

export function newStageSecrets(
  stage: string,
  { ids, nowMs }: { readonly ids: Ids; readonly nowMs: number },
): StageSecrets {
  const signingKey = (prefix: string) => newSigningKey(prefix, { ids, nowMs })
  return {
    v: 1,
    stage,
    pepper_current: 'p1',
    peppers: { p1: ids.token(32) },
    receipt_key: signingKey('rk'),
    ticket_root_key: signingKey('tr'),
    job_key: signingKey('jk'),
    retired_keys: [],
    enrolment_secret: ids.token(32),
    bootstrap_token: ids.token(32),
  }
}

const WithoutJobKey = z.looseObject({ v: z.literal(1), job_key: z.unknown().optional() })

/** A document from before there were jobs gets a key for them; everything else stays as it is. */
export function upgradeStageSecrets(document: unknown, made: Making): StageSecrets {
  const { job_key = newSigningKey('jk', made), ...rest } = WithoutJobKey.parse(document)
  return StageSecrets.parse({ ...rest, job_key })
}

type Making = { readonly ids: Ids; readonly nowMs: number }

function newSigningKey(prefix: string, { ids, nowMs }: Making): z.infer<typeof SigningKey> {
  return {
    key_id: `${prefix}_${ids.token(6)}`,
    not_before_ms: nowMs,
    private_key: generatePrivateKey(),
  }
}

export function peppersOf(secrets: StageSecrets): Peppers {
  const entries = Object.entries(secrets.peppers).map(
    ([id, pepper]) => [id, Buffer.from(pepper, 'base64url')] as const,
  )
  return { current: secrets.pepper_current, byId: new Map(entries) }
}

/** Stays the same when peppers rotate: a client's idempotency key must outlive that. */
export function claimSecretOf({ enrolment_secret: secret }: StageSecrets): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'b3iq:idempotency-claim:v1', 32))
}

/** What `/.well-known/b3iq/keys.json` shows: public halves alone, past ones included. */
export function publishedKeysOf(secrets: StageSecrets): PublishedKeys {
  const published = (use: 'receipt' | 'ticket_root' | 'job', key: z.infer<typeof SigningKey>) => ({
    key_id: key.key_id,
    use,
    public_key: makeSigner(key.private_key).publicKey,
    not_before_ms: key.not_before_ms,
    not_after_ms: null,
  })
  return {
    stage: secrets.stage,
    keys: [
      published('receipt', secrets.receipt_key),
      published('ticket_root', secrets.ticket_root_key),
      published('job', secrets.job_key),
      ...secrets.retired_keys,
    ],
  }
}
