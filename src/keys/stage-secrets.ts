/**
 * All secrets of one stage as one document: peppers for key hashes, the key that signs receipts, the root
 * that certifies ticket keys, the key that signs jobs. Lives in an SSM SecureString or a 0600 file, never
 * in the environment. How its keys follow one another stands in `rotate-secrets.ts`.
 */
import { hkdfSync } from 'node:crypto'
import * as z from 'zod'
import type { Ids } from '../protocol/clock.ts'
import { generatePrivateKey, makeSigner, PrivateKeyJwk } from '../protocol/ed25519.ts'
import { isEnded, signSuccession, type TicketRoot } from '../protocol/key-succession.ts'
import { PublishedKey, type PublishedKeys, Succession } from '../protocol/published-keys.ts'
import type { Peppers } from './api-key.ts'

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]{22,}$/)
const PepperId = z.string().regex(/^[a-z0-9]{1,8}$/)

export type KeyUse = PublishedKey['use']

const SigningKey = z.strictObject({
  key_id: z.string().min(1).max(64),
  not_before_ms: z.int(),
  private_key: PrivateKeyJwk,
})
export type SigningKey = z.infer<typeof SigningKey>

const ComingKey = SigningKey.optional()

export const StageSecrets = z
  .strictObject({
    v: z.literal(1),
    stage: z.string().min(1).max(32),
    pepper_current: PepperId,
    /** Known everywhere before the first key is made with it. */
    pepper_coming: PepperId.optional(),
    /** Past ones too: the key strings of customers name theirs. */
    peppers: z.record(PepperId, Base64Url),
    receipt_key: SigningKey,
    ticket_root_key: SigningKey,
    /** Signs jobs and nothing else. */
    job_key: SigningKey,
    /** Announced: published and trusted, and not yet signed with. */
    coming_keys: z
      .strictObject({ receipt: ComingKey, ticket_root: ComingKey, job: ComingKey })
      .default({}),
    /** Public halves of earlier keys: receipts they signed stay verifiable for ever. */
    retired_keys: z.array(PublishedKey).default([]),
    /** Each ticket root's signature for the next, oldest first. */
    successions: z.array(Succession).default([]),
    enrolment_secret: Base64Url,
    bootstrap_token: Base64Url,
    /** Made from `enrolment_secret` until that was replaced. */
    claim_secret: Base64Url.optional(),
    /** Opens tunnels and their names; needed where the stage has `tunnels` configured. */
    cloudflare_api_token: z.string().min(20).max(256).optional(),
  })
  .refine((secrets) => Object.hasOwn(secrets.peppers, secrets.pepper_current), {
    message: 'pepper_current must be one of peppers',
  })
  .refine(({ pepper_coming: coming, peppers }) => !coming || Object.hasOwn(peppers, coming), {
    message: 'pepper_coming must be one of peppers',
  })
  .refine((secrets) => !hasTwins(keyIdsOf(secrets)), {
    message: 'every signing key, past and coming ones included, must have a key_id of its own',
  })
export type StageSecrets = z.infer<typeof StageSecrets>

type AnyKey = { readonly key_id: string }

const keyIdsOf = (secrets: {
  readonly receipt_key: AnyKey
  readonly ticket_root_key: AnyKey
  readonly job_key: AnyKey
  readonly coming_keys: Readonly<Record<string, AnyKey | undefined>>
  readonly retired_keys: readonly AnyKey[]
}): string[] => {
  const { receipt_key, ticket_root_key, job_key, coming_keys, retired_keys } = secrets
  const coming = Object.values(coming_keys).flatMap((key) => (key ? [key] : []))
  const keys = [receipt_key, ticket_root_key, job_key, ...coming, ...retired_keys]
  return keys.map(({ key_id }) => key_id)
}

const hasTwins = (values: readonly string[]): boolean => new Set(values).size < values.length

export function newStageSecrets(
  stage: string,
  { ids, nowMs }: { readonly ids: Ids; readonly nowMs: number },
): StageSecrets {
  const signingKey = (use: KeyUse) => newSigningKey(use, { ids, nowMs })
  return {
    v: 1,
    stage,
    pepper_current: 'p1',
    peppers: { p1: ids.token(32) },
    receipt_key: signingKey('receipt'),
    ticket_root_key: signingKey('ticket_root'),
    job_key: signingKey('job'),
    coming_keys: {},
    retired_keys: [],
    successions: [],
    enrolment_secret: ids.token(32),
    bootstrap_token: ids.token(32),
  }
}

const WithoutJobKey = z.looseObject({ v: z.literal(1), job_key: z.unknown().optional() })

/** A document from before there were jobs gets a key for them; everything else stays as it is. */
export function upgradeStageSecrets(document: unknown, made: Making): StageSecrets {
  const { job_key = newSigningKey('job', made), ...rest } = WithoutJobKey.parse(document)
  return StageSecrets.parse({ ...rest, job_key })
}

type Making = { readonly ids: Ids; readonly nowMs: number }

const keyIdPrefixes: Readonly<Record<KeyUse, string>> = {
  receipt: 'rk',
  ticket_root: 'tr',
  job: 'jk',
}

/** Not to be signed with before `nowMs`. */
export function newSigningKey(use: KeyUse, { ids, nowMs }: Making): SigningKey {
  return {
    key_id: `${keyIdPrefixes[use]}_${ids.token(6)}`,
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
export function claimSecretOf({ claim_secret, enrolment_secret }: StageSecrets): Buffer {
  return claim_secret === undefined
    ? Buffer.from(hkdfSync('sha256', enrolment_secret, '', 'b3iq:idempotency-claim:v1', 32))
    : Buffer.from(claim_secret, 'base64url')
}

/** The key in use for each purpose. */
export const currentKeysOf = (secrets: StageSecrets): Readonly<Record<KeyUse, SigningKey>> => ({
  receipt: secrets.receipt_key,
  ticket_root: secrets.ticket_root_key,
  job: secrets.job_key,
})

export const ticketRootOf = ({ ticket_root_key: key }: StageSecrets): TicketRoot => ({
  keyId: key.key_id,
  signer: makeSigner(key.private_key),
})

/**
 * What `/.well-known/b3iq/keys.json` shows: public halves alone, past and coming ones included, and what
 * leads a node from the ticket root that it knows to the others.
 */
export function publishedKeysOf(secrets: StageSecrets): PublishedKeys {
  const current = currentKeysOf(secrets)
  const { coming_keys: coming } = secrets
  const uses: readonly KeyUse[] = ['receipt', 'ticket_root', 'job']
  const keys = [
    ...uses.map((use) => publicHalf(use, current[use])),
    ...uses.flatMap((use) => (coming[use] ? [publicHalf(use, coming[use])] : [])),
    ...secrets.retired_keys,
  ]
  const root = ticketRootOf(secrets)
  // Ends are not signed. A job key that ended before the root began gets no word of it, so that no list
  // brings it back; judged by the document alone, all processes publish the same list.
  const certified = keys.filter(
    (key) =>
      key.key_id === coming.ticket_root?.key_id ||
      (key.use === 'job' && !isEnded(key, secrets.ticket_root_key.not_before_ms)),
  )
  return {
    stage: secrets.stage,
    keys,
    // The root in use signs anew at each start for what changes; its own past is kept.
    successions: [
      ...secrets.successions,
      ...certified.map((key) => signSuccession(secrets.stage, key, root)),
    ],
  }
}

export function publicHalf(use: KeyUse, key: SigningKey): PublishedKey {
  return {
    key_id: key.key_id,
    use,
    public_key: makeSigner(key.private_key).publicKey,
    not_before_ms: key.not_before_ms,
    not_after_ms: null,
  }
}
