/** What trusted runners showed, as operators hand it in for spot checks to compare with. */
import * as z from 'zod'
import { profileByDigest } from '../catalogue/model.ts'
import type { CatalogueStore } from '../fleet/ports.ts'
import { ok, type Result, refuse } from '../protocol/result.ts'
import type { SpotCheckStore } from '../spot-checks/ports.ts'
import type { Reference } from '../spot-checks/reference.ts'
import { pageFields, pageOfAll, toList } from './page.ts'

export type ReferenceDeps = {
  readonly spotChecks: Pick<SpotCheckStore, 'putReference' | 'listReferences'>
  readonly catalogue: Pick<CatalogueStore, 'listModels'>
}

export const ReferenceQuery = z.strictObject({
  ...pageFields,
  after: z.string().min(1).max(256).optional(),
})

/** By build, runtime kind and version, which together are the cursor. */
export async function listReferences(
  { spotChecks }: Pick<ReferenceDeps, 'spotChecks'>,
  { limit, after }: z.infer<typeof ReferenceQuery>,
): Promise<Result<object>> {
  const all = await spotChecks.listReferences()
  return ok(toList(pageOfAll(all, idOf, { limit, after }), toWireReference))
}

const idOf = ({ profile_id, runtime_kind, runtime_version }: Reference): string =>
  `${profile_id}#${runtime_kind}#${runtime_version}`

/** Of one build, for every runtime that it has readings of. */
export async function showReferencesOf(
  { spotChecks }: Pick<ReferenceDeps, 'spotChecks'>,
  artifactDigest: string,
): Promise<object | undefined> {
  const all = await spotChecks.listReferences()
  const own = all.filter((one) => one.artifact_digest === artifactDigest)
  return own.length === 0 ? undefined : { references: own.map(toWireReference) }
}

/** Replaces the one of the same build, runtime kind and version: new prompts come with a new one. */
export async function putReference(
  { spotChecks, catalogue }: ReferenceDeps,
  reference: Reference,
): Promise<Result<object>> {
  const found = profileByDigest(await catalogue.listModels(), reference.artifact_digest)
  if (found?.manifest.profile_id !== reference.profile_id) {
    return refuse('invalid_value', {
      param: 'artifact_digest',
      message: `artifact_digest is not that of ${reference.profile_id} in the catalogue.`,
    })
  }
  if (!found.manifest.runtime_kinds.includes(reference.runtime_kind)) {
    return refuse('invalid_value', {
      param: 'runtime_kind',
      message: `runtime_kind is not one that ${reference.profile_id} is sold under.`,
    })
  }
  await spotChecks.putReference(reference)
  return ok(toWireReference(reference))
}

/** Without its prompts: whoever knows them could answer them well and all else badly. */
const toWireReference = ({ readings, ...reference }: Reference) => ({
  object: 'reference',
  ...reference,
  prompts: readings.length,
})
