/** The steps of a rotation by the words of the command line: what was asked, judged and taken. */
import * as z from 'zod'
import {
  adoptKey,
  adoptPepper,
  announceKey,
  announcePepper,
  type ReplaceableSecret,
  type Rotated,
  replaceSecret,
} from '../src/keys/rotate-secrets.ts'
import type { KeyUse, StageSecrets } from '../src/keys/stage-secrets.ts'
import { absurd } from '../src/protocol/assert.ts'
import type { Ids } from '../src/protocol/clock.ts'

export type Step = 'announce' | 'adopt' | 'replace'

type Terms = {
  readonly key?: string | undefined
  readonly secret?: string | undefined
  readonly 'wait-hours'?: string | undefined
  readonly 'overlap-hours'?: string | undefined
  readonly again?: boolean | undefined
}

type At = { readonly ids: Ids; readonly nowMs: number }

export type Taken =
  /** `done` is one sentence about what is so now. */
  | { readonly kind: 'taken'; readonly secrets: StageSecrets; readonly done: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'misused' }

const hourMs = 3_600_000
// In digits, because an empty text would be the number 0: a shell makes one of an unset variable.
const hours = (fallback: number, least: number) =>
  z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(
      z
        .int()
        .min(least)
        .max(30 * 24),
    )
    .default(fallback)

// Every node that is on beats within minutes; verifiers keep a list of keys for hours at most.
const WaitHours = hours(24, 0)
// Long enough for a deployment that is late, and for one that has to be rolled back.
const OverlapHours = hours(7 * 24, 1)

const keyUses: Readonly<Record<string, KeyUse>> = {
  receipt: 'receipt',
  'ticket-root': 'ticket_root',
  job: 'job',
}
const replaceable: Readonly<Record<string, ReplaceableSecret>> = {
  enrolment: 'enrolment_secret',
  claims: 'claim_secret',
  'bootstrap-token': 'bootstrap_token',
}

export function takeStep(step: Step, secrets: StageSecrets, terms: Terms, at: At): Taken {
  switch (step) {
    case 'announce':
      return announce(secrets, terms, at)
    case 'adopt':
      return adopt(secrets, terms, at)
    case 'replace':
      return replace(secrets, terms, at)
    default:
      return absurd(step)
  }
}

function announce(secrets: StageSecrets, { key = '', ...terms }: Terms, at: At): Taken {
  const wait = WaitHours.safeParse(terms['wait-hours'])
  const isMisused = !wait.success || terms['overlap-hours'] !== undefined || terms.secret
  if (isMisused) return misused
  const { again } = terms
  if (key === 'pepper') {
    return outcomeOf(announcePepper(secrets, { ids: at.ids, again }), (next) => {
      return `the pepper ${next.pepper_coming} is announced: adopt it once every function knows it`
    })
  }
  const use = named(keyUses, key)
  if (use === undefined) return misused
  const waitMs = wait.data * hourMs
  return outcomeOf(announceKey(secrets, use, { ...at, waitMs, again }), (next) => {
    const coming = next.coming_keys[use]
    return `the ${key} key ${coming?.key_id} is announced: deploy this at once, because the wait has begun, and adopt it from ${iso(coming?.not_before_ms)} on`
  })
}

function adopt(secrets: StageSecrets, { key = '', ...terms }: Terms, { nowMs }: At): Taken {
  const overlap = OverlapHours.safeParse(terms['overlap-hours'])
  const isMisused =
    !overlap.success || terms['wait-hours'] !== undefined || terms.secret || terms.again
  if (isMisused) return misused
  if (key === 'pepper') {
    return outcomeOf(adoptPepper(secrets), (next) => {
      return `new keys are made with the pepper ${next.pepper_current}, and those of before stay good`
    })
  }
  const use = named(keyUses, key)
  if (use === undefined) return misused
  const overlapMs = overlap.data * hourMs
  return outcomeOf(adoptKey(secrets, use, { nowMs, overlapMs }), (next) => {
    const old = next.retired_keys.at(-1)
    return `the ${key} key ${old?.key_id} is retired: deploy this before ${iso(nowMs + overlapMs)}, from when on nothing that it signs counts`
  })
}

function replace(secrets: StageSecrets, { secret = '', ...terms }: Terms, { ids }: At): Taken {
  const isMisused = terms.key ?? terms['wait-hours'] ?? terms['overlap-hours'] ?? terms.again
  const name = named(replaceable, secret)
  if (isMisused !== undefined || name === undefined) return misused
  return outcomeOf(replaceSecret(secrets, name, ids), () => `${name} is another one`)
}

function outcomeOf(rotated: Rotated, done: (next: StageSecrets) => string): Taken {
  return rotated.ok
    ? { kind: 'taken', secrets: rotated.secrets, done: done(rotated.secrets) }
    : { kind: 'refused', message: rotated.message }
}

const misused = { kind: 'misused' } as const

const named = <Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined

const iso = (atMs: number | undefined): string => new Date(atMs ?? 0).toISOString()
