/**
 * The hot item as it is stored. Every heartbeat pays for its size, one write unit per KB, so names
 * are short and each runtime is a tuple. A list and not a map: runtime ids are the host's own text.
 */
import * as z from 'zod'
import type { Breaker, HotItem } from '../../../fleet/node.ts'
import type { Beat } from '../../../fleet/ports.ts'
import { RuntimeKind } from '../../../protocol/claim.ts'
import { ProfileId, Sha256Hex } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import { NodeState, QueueHealth } from '../../../protocol/node-conditions.ts'
import { Int } from '../item-fields.ts'
import { fleetItemOf } from './fleet-keys.ts'

const ShortText = z.string().max(128)

/** One letter each. */
const healthLetter = {
  ok: 'o',
  busy: 'b',
  blocked: 'x',
  unhealthy: 'u',
} as const satisfies Letters<HotItem['queues'][string]['health']>
const kindLetter = {
  vllm: 'v',
  sglang: 's',
  ollama: 'o',
  llamacpp: 'c',
  lmstudio: 'm',
  openai: 'a',
} as const satisfies Letters<HotItem['queues'][string]['kind']>
type Letters<Word extends string> = Readonly<Record<Word, string>>

/**
 * Health, whether reachable (`+` or `-`), kind; then requests and slots, three digits of base 36 each.
 * Beats stored before load was told have neither: one slot, free, until their node's next beat.
 */
const QueueCode = z
  .string()
  .regex(/^[a-z][+-][a-z]([0-9a-z]{6})?$/)
  .transform((code) => ({
    health: wordOf(healthLetter, code[0]),
    reachable: code[1] === '+',
    kind: wordOf(kindLetter, code[2]),
    used: Number.parseInt(code.slice(3, 6) || '0', 36),
    capacity: Number.parseInt(code.slice(6) || '1', 36),
  }))
  .pipe(
    z.object({
      health: QueueHealth,
      reachable: z.boolean(),
      kind: RuntimeKind,
      used: z.int().min(0),
      capacity: z.int().min(1),
    }),
  )

/** Runtime id, the code, version. */
const QueueTuple = z.tuple([ShortText, QueueCode, ShortText])

const ProbeField = z.object({
  okAt: Int,
  fails: Int,
  epoch: Int,
  /** Of the last probe recorded, good or bad: one that is no newer changes nothing. */
  at: Int,
})

/** Stored as bytes: half of what their hex would cost in every beat. */
const HexBytes = z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes).toString('hex'))
const DigestBytes = HexBytes.pipe(Sha256Hex)
const UuidBytes = HexBytes.transform((hex) =>
  hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
).pipe(z.uuid())

/** Returned at, beats since, returns, cool until, cool-down. */
const SteadinessTuple = z.tuple([Int, Int, z.array(Int).max(3), Int, Int])

/** An attribute each, so that one can be counted up without its siblings. */
export const breakerField = (profileId: string): string => `${breakerPrefix}${profileId}`
const breakerPrefix = 'breaker#'
const BreakerField = z
  .object({ fails: Int, from: Int, last: Int.optional(), until: Int, opens: Int, trial: Int })
  .transform(({ fails, from, last, until, opens, trial }) => ({
    failures: fails,
    fromMs: from,
    lastMs: last,
    openUntilMs: until,
    opens,
    trialUntilMs: trial,
  }))

export const toBreakerField = (breaker: Breaker) => ({
  fails: breaker.failures,
  from: breaker.fromMs,
  ...(breaker.lastMs === undefined ? {} : { last: breaker.lastMs }),
  until: breaker.openUntilMs,
  opens: breaker.opens,
  trial: breaker.trialUntilMs,
})

function breakersOf(item: Readonly<Record<string, unknown>>): HotItem['breakers'] {
  const fields = Object.entries(item).filter(([name]) => name.startsWith(breakerPrefix))
  return Object.fromEntries(
    fields.map(([name, field]) => [name.slice(breakerPrefix.length), BreakerField.parse(field)]),
  )
}

const HotFields = z.looseObject({
  seq: Int,
  boot: UuidBytes,
  beatAt: Int,
  state: NodeState,
  paid: z.boolean(),
  inv: DigestBytes,
  facts: DigestBytes,
  steady: SteadinessTuple,
  /** Boot id and when its last beat was replaced. */
  was: z.tuple([UuidBytes, Int]).optional(),
  revoked: z.boolean().optional(),
  queues: z.array(QueueTuple).max(limits.runtimesPerNode),
  live: z.enum(['never', 'fresh', 'stale', 'offline']),
  probe: ProbeField.optional(),
  disabled: z.set(ProfileId).max(limits.modelsPerNode).optional(),
})

export function fromHotItem(item: unknown): HotItem {
  const hot = HotFields.parse(item)
  const queues = hot.queues.map(([id, code, version]) => [id, { ...code, version }])
  const [returnedAtMs, beats, returnsAtMs, coolUntilMs, coolMs] = hot.steady
  return {
    nodeId: fleetItemOf(item).nodeId,
    seq: hot.seq,
    bootId: hot.boot,
    beatAtMs: hot.beatAt,
    state: hot.state,
    paidEnabled: hot.paid,
    inventoryDigest: hot.inv,
    factsDigest: hot.facts,
    steadiness: { returnedAtMs, beats, returnsAtMs, coolUntilMs, coolMs },
    formerBoot: hot.was && { bootId: hot.was[0], replacedAtMs: hot.was[1] },
    isRevoked: hot.revoked ?? false,
    queues: Object.fromEntries(queues),
    probe: hot.probe && {
      okAtMs: hot.probe.okAt,
      failures: hot.probe.fails,
      epoch: hot.probe.epoch,
    },
    disabledProfiles: [...(hot.disabled ?? [])].toSorted(),
    breakers: breakersOf(hot),
    liveness: hot.live,
  }
}

/** What a beat sets; probes, revocation and disabled profiles are other writers' fields. */
export function toBeatFields(beat: Beat) {
  const { returnedAtMs, beats, returnsAtMs, coolUntilMs, coolMs } = beat.steadiness
  return {
    seq: beat.seq,
    boot: uuidBytes(beat.bootId),
    beatAt: beat.beatAtMs,
    state: beat.state,
    paid: beat.paidEnabled,
    inv: Buffer.from(beat.inventoryDigest, 'hex'),
    facts: Buffer.from(beat.factsDigest, 'hex'),
    steady: [returnedAtMs, beats, returnsAtMs, coolUntilMs, coolMs],
    ...toFormerBootField(beat),
    queues: Object.entries(beat.queues).map(([id, queue]) => [
      id,
      toQueueCode(queue),
      queue.version,
    ]),
    live: 'fresh',
  }
}

function toQueueCode({
  health,
  reachable,
  kind,
  used,
  capacity,
}: HotItem['queues'][string]): string {
  return `${healthLetter[health]}${reachable ? '+' : '-'}${kindLetter[kind]}${inDigits(used)}${inDigits(capacity)}`
}

const inDigits = (count: number): string => count.toString(36).padStart(3, '0')

/** Absent where there is none: a beat without a former boot removes what is stored. */
function toFormerBootField({ formerBoot }: Beat) {
  return formerBoot ? { was: [uuidBytes(formerBoot.bootId), formerBoot.replacedAtMs] } : {}
}

export function toProbeField(probe: NonNullable<HotItem['probe']>, atMs: number) {
  return { okAt: probe.okAtMs, fails: probe.failures, epoch: probe.epoch, at: atMs }
}

const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex')

function wordOf(letters: Letters<string>, letter: string | undefined): string | undefined {
  return Object.keys(letters).find((word) => letters[word] === letter)
}
