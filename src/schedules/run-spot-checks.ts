/**
 * Finds profiles whose spot check is due and has them checked, a few at a time. One run at a time, bounded
 * in checks and in time; the next one goes on after the node where this one stopped.
 */
import { modalityOfModel, type PricedModel } from '../catalogue/model.ts'
import { givesLogprobs } from '../dispatch/host-body.ts'
import type { NodeProfile } from '../fleet/node.ts'
import { type FleetRow, type JudgedProfile, judgeNode } from '../fleet/pool.ts'
import type { CatalogueStore, FleetStore } from '../fleet/ports.ts'
import type { KeyStore } from '../keys/api-key.ts'
import { platformKeys } from '../keys/platform-keys.ts'
import type { Ids } from '../protocol/clock.ts'
import {
  type CheckDeps,
  checkProfile,
  newTally,
  type Round,
  type Tally,
} from '../spot-checks/check-profile.ts'
import type { SpotCheckStore } from '../spot-checks/ports.ts'
import type { Reference } from '../spot-checks/reference.ts'
import { forEachBounded } from './bounded.ts'

export type RunSpotChecksDeps = Omit<CheckDeps, 'store'> & {
  readonly store: SpotCheckStore
  readonly fleet: Pick<FleetStore, 'rows' | 'readFleetState'>
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
  readonly keys: Pick<KeyStore, 'listKeys'>
  readonly ids: Ids
}

/** `hasRun` is false when another run was under way. */
export type RunSpotChecksReport = Tally & { readonly hasRun: boolean }

const checksMax = 160
const concurrency = 4
/** Nothing is asked after that; what is then under way is one check for each of a few hosts. */
const runMs = 3 * 60_000
const leaseMs = 5 * 60_000

export async function runSpotChecks(deps: RunSpotChecksDeps): Promise<RunSpotChecksReport> {
  const { store, nowMs } = deps
  const startedAtMs = nowMs()
  const holder = deps.ids.token(12)
  const lease = { holder, nowMs: startedAtMs, untilMs: startedAtMs + leaseMs }
  const taken = await store.takeRun(lease)
  if (!taken) return { ...newTally(), hasRun: false }
  let { place } = taken
  try {
    const round = await openRound(deps, startedAtMs + runMs)
    const rows = rowsAfter(deps.fleet, place, round.isOver, (reached) => {
      place = reached
    })
    const readReference = referencesOf(store)
    await forEachBounded(rows, concurrency, (row) => checkNode(deps, round, row, readReference))
    return { ...round.tally, hasRun: true }
  } finally {
    await store.endRun({ holder, place })
  }
}

async function openRound(deps: RunSpotChecksDeps, endsAtMs: number): Promise<Round> {
  const { readPlatformAccount } = deps.store
  const [models, { grace }, keys] = await Promise.all([
    deps.catalogue.listModels(),
    deps.fleet.readFleetState(),
    platformKeys({ keys: deps.keys, readPlatformAccount, nowMs: deps.nowMs }),
  ])
  const round: Round = {
    models,
    grace,
    keys,
    tally: newTally(),
    left: checksMax,
    isOver: () => round.left <= 0 || deps.nowMs() >= endsAtMs,
  }
  return round
}

/** Rows after `place`, until it is over; tells where the next run is to go on. */
async function* rowsAfter(
  fleet: RunSpotChecksDeps['fleet'],
  place: string | undefined,
  isOver: () => boolean,
  keepPlace: (place: string | undefined) => void,
): AsyncGenerator<FleetRow> {
  let isSkipping = place !== undefined
  for await (const row of fleet.rows()) {
    if (isSkipping) {
      isSkipping = row.node.nodeId !== place
      continue
    }
    if (isOver()) return
    yield row
    keepPlace(row.node.nodeId)
  }
  keepPlace(undefined)
}

/** What is no text has no tokens whose probabilities could be compared. */
const isText = ({ model: id }: NodeProfile, models: readonly PricedModel[]): boolean =>
  models.some((model) => model.id === id && modalityOfModel(model) === 'text')

type ReadReference = (
  judged: JudgedProfile,
  runtimeVersion: string,
) => Promise<Reference | undefined>

/** Whoever may not serve is not asked: its gates come first. */
async function checkNode(
  deps: RunSpotChecksDeps,
  round: Round,
  row: FleetRow,
  readReference: ReadReference,
): Promise<void> {
  const moment = { nowMs: deps.nowMs(), grace: round.grace }
  const serving = judgeNode(row, round.models, moment).filter(
    ({ eligibility, profile }) =>
      eligibility.eligible && givesLogprobs(profile.runtimeKind) && isText(profile, round.models),
  )
  if (serving.length === 0) return
  const samplings = await deps.store.readSamplings(row.node.nodeId)
  for (const judged of serving) {
    if (round.isOver()) return
    const { profileId, runtimeId } = judged.profile
    const version = row.hot?.queues[runtimeId]?.version
    await checkProfile({ deps, round, judged }, samplings.get(profileId), async () =>
      version === undefined ? undefined : readReference(judged, version),
    )
  }
}

/** Each is read once per run; a reference of another build says nothing about this one. */
function referencesOf(store: Pick<SpotCheckStore, 'readReference'>): ReadReference {
  const known = new Map<string, Promise<Reference | undefined>>()
  return async ({ profile }, runtimeVersion) => {
    const { profileId, runtimeKind, artifactDigest } = profile
    const name = `${profileId}#${runtimeKind}#${runtimeVersion}`
    const reading =
      known.get(name) ?? store.readReference({ profileId, runtimeKind, runtimeVersion })
    known.set(name, reading)
    const reference = await reading
    return reference?.artifact_digest === artifactDigest ? reference : undefined
  }
}
