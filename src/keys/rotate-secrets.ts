/**
 * How one key of a stage follows another, in two steps, so that it is trusted everywhere before it is
 * used anywhere: *announce* publishes a coming key, *adopt* begins to sign with it and retires the old
 * one. Pure: from one document to the next. No key by which a receipt or a customer's key may have been
 * made is ever lost.
 */
import type { Ids } from '../protocol/clock.ts'
import { signSuccession } from '../protocol/key-succession.ts'
import type { PublishedKey } from '../protocol/published-keys.ts'
import {
  claimSecretOf,
  currentKeysOf,
  type KeyUse,
  newSigningKey,
  publicHalf,
  type StageSecrets,
  ticketRootOf,
} from './stage-secrets.ts'

export type Rotated =
  | { readonly ok: true; readonly secrets: StageSecrets }
  /** One sentence for the operator. */
  | { readonly ok: false; readonly message: string }

/** The parameter store takes no longer value; beyond half of this it asks $0.05 a month. */
export const secretsBytesMax = 8192

/** The document as it is stored: without spaces, because its length is bounded. */
export const secretsText = (secrets: StageSecrets): string => `${JSON.stringify(secrets)}\n`

/**
 * Signs nothing before `waitMs` have passed: nodes and verifiers learn of it meanwhile. With `again` it
 * takes the place of one that is announced: whoever stole the document has that one too.
 */
export function announceKey(
  secrets: StageSecrets,
  use: KeyUse,
  at: {
    readonly ids: Ids
    readonly nowMs: number
    readonly waitMs: number
    readonly again?: boolean | undefined
  },
): Rotated {
  if (secrets.coming_keys[use] !== undefined && at.again !== true) return announcedAlready
  const coming = newSigningKey(use, { ids: at.ids, nowMs: at.nowMs + at.waitMs })
  return fitting({
    ...secrets,
    coming_keys: { ...secrets.coming_keys, [use]: coming },
    retired_keys: [...secrets.retired_keys, ...receiptKeyReplaced(secrets, use, at.nowMs)],
  })
}

/** It may have been adopted, and that rolled back: then there are receipts of it. */
function receiptKeyReplaced(
  { coming_keys: { receipt } }: StageSecrets,
  use: KeyUse,
  nowMs: number,
): PublishedKey[] {
  if (use !== 'receipt' || receipt === undefined || nowMs < receipt.not_before_ms) return []
  return [{ ...publicHalf(use, receipt), not_after_ms: nowMs }]
}

/** What the old key signs is good for `overlapMs` more: as long as its last user may take to end. */
export function adoptKey(
  secrets: StageSecrets,
  use: KeyUse,
  at: { readonly nowMs: number; readonly overlapMs: number },
): Rotated {
  const { [use]: coming, ...others } = secrets.coming_keys
  if (coming === undefined) return notAnnounced
  if (at.nowMs < coming.not_before_ms) {
    const fromIso = new Date(coming.not_before_ms).toISOString()
    return refuse(`The key ${coming.key_id} may be adopted from ${fromIso} on: wait until then.`)
  }
  const old = publicHalf(use, currentKeysOf(secrets)[use])
  const retired = { ...old, not_after_ms: at.nowMs + at.overlapMs }
  return fitting({
    ...secrets,
    [fieldOf[use]]: coming,
    coming_keys: others,
    retired_keys: [...secrets.retired_keys, retired],
    successions:
      use === 'ticket_root'
        ? [...secrets.successions, successionTo(coming, secrets)]
        : secrets.successions,
  })
}

const fieldOf = {
  receipt: 'receipt_key',
  ticket_root: 'ticket_root_key',
  job: 'job_key',
} as const satisfies Readonly<Record<KeyUse, keyof StageSecrets>>

/** The old root's last word; its private half is not in the next document. */
const successionTo = (
  coming: NonNullable<StageSecrets['coming_keys']['ticket_root']>,
  secrets: StageSecrets,
) => signSuccession(secrets.stage, publicHalf('ticket_root', coming), ticketRootOf(secrets))

/**
 * Keys of customers can be read by it from then on; none is made with it. One that is announced already
 * stays among the peppers, as every pepper does.
 */
export function announcePepper(
  secrets: StageSecrets,
  at: { readonly ids: Ids; readonly again?: boolean | undefined },
): Rotated {
  if (secrets.pepper_coming !== undefined && at.again !== true) return announcedAlready
  const numbers = Object.keys(secrets.peppers).map((id) =>
    Number(/^p(\d{1,6})$/.exec(id)?.[1] ?? 0),
  )
  const id = `p${Math.max(...numbers) + 1}`
  const peppers = { ...secrets.peppers, [id]: at.ids.token(32) }
  return fitting({ ...secrets, peppers, pepper_coming: id })
}

/** New keys are made with it; those of before name their own pepper, which stays. */
export function adoptPepper(secrets: StageSecrets): Rotated {
  const { pepper_coming: coming, ...rest } = secrets
  return coming === undefined ? notAnnounced : fitting({ ...rest, pepper_current: coming })
}

export type ReplaceableSecret = 'enrolment_secret' | 'claim_secret' | 'bootstrap_token'

/**
 * At once. Nobody but a host that enrols in that minute notices, unless it is the claim secret: without
 * it the requests that a client may repeat for a day are new ones.
 */
export function replaceSecret(secrets: StageSecrets, name: ReplaceableSecret, ids: Ids): Rotated {
  if (name !== 'enrolment_secret') return fitting({ ...secrets, [name]: ids.token(32) })
  const claim_secret = claimSecretOf(secrets).toString('base64url')
  return fitting({ ...secrets, enrolment_secret: ids.token(32), claim_secret })
}

function fitting(secrets: StageSecrets): Rotated {
  const bytes = Buffer.byteLength(secretsText(secrets))
  return bytes <= secretsBytesMax
    ? { ok: true, secrets }
    : refuse(
        `The document would have ${bytes} bytes and the parameter store takes ${secretsBytesMax}: docs/keys.md says what may go.`,
      )
}

const announcedAlready = refuse(
  'A key for this use is announced already: adopt it, or put another in its place with --again.',
)
const notAnnounced = refuse('No key for this use is announced: announce one and deploy it first.')

function refuse(message: string): Rotated {
  return { ok: false, message }
}
