/**
 * A release of the agent, signed by a key that is kept offline and that no control plane has: who
 * runs the fleet can ask for an update, but cannot make one.
 */
import * as z from 'zod'
import { Signature, type Signer, verifyTagged } from './ed25519.ts'
import { Sha256Hex } from './ids.ts'

/** Without pre-releases: every release is above or below every other one. */
export const ReleaseVersion = z
  .string()
  .regex(/^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/, 'must be a version like 1.2.3')

export const Release = z.strictObject({
  v: z.literal(1),
  version: ReleaseVersion,
  sha256: Sha256Hex,
  size_bytes: z
    .int()
    .min(1)
    .max(512 * 1024 * 1024),
  /** Tried in order; the digest decides, not the address. */
  urls: z
    .array(z.url({ protocol: /^https$/ }).max(512))
    .min(1)
    .max(4),
})
export type Release = z.infer<typeof Release>

export const SignedRelease = z.strictObject({ release: Release, signature: Signature })
export type SignedRelease = z.infer<typeof SignedRelease>

export const signRelease = (release: Release, by: Signer): SignedRelease => ({
  release,
  signature: by.sign('b3iq:release:v1', release),
})

export const isGenuineRelease = (
  { release, signature }: SignedRelease,
  publicKey: string,
): boolean => verifyTagged('b3iq:release:v1', release, { publicKey, signature })

/** Below 0 where `one` is the older, above 0 where it is the newer. Both are `ReleaseVersion`s. */
export function compareVersions(one: string, other: string): number {
  const others = partsOf(other)
  const differences = partsOf(one).map((part, index) => part - (others[index] ?? 0))
  return differences.find((difference) => difference !== 0) ?? 0
}

const partsOf = (version: string): readonly number[] => version.split('.').map(Number)
