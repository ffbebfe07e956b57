/**
 * Credentials for the next call: kept until shortly before they end, fetched by one call at a time.
 * Where they come from is the SDK's chain, which is loaded when it is first needed; deployed bundles
 * carry functions/deployed-credentials.ts in its place.
 */
import type { NowMs } from '../../protocol/clock.ts'
import type { Credentials } from './sign.ts'

/** `expiration` is undefined for those that do not end. */
type Fetched = Credentials & { readonly expiration?: Date | undefined }

export type CredentialSource = () => Promise<Credentials>

/** Long enough for many tries before the old ones end. */
const renewedBeforeEndMs = 5 * 60_000
const triedAgainAfterMs = 10_000

/** Throws what `fetchAgain` throws, unless those of before still last. */
export function renewing(fetchAgain: () => Promise<Fetched>, nowMs: NowMs): CredentialSource {
  let kept: Fetched | undefined
  let underWay: Promise<Fetched> | undefined
  let notBeforeMs = 0

  const lasts = ({ expiration }: Fetched, forMs: number): boolean =>
    expiration === undefined || expiration.getTime() - nowMs() > forMs

  const renew = async (): Promise<Fetched> => {
    try {
      kept = await fetchAgain()
      return kept
    } catch (error) {
      notBeforeMs = nowMs() + triedAgainAfterMs
      if (kept && lasts(kept, 0)) return kept
      throw error
    } finally {
      underWay = undefined
    }
  }

  return async () => {
    const neededForMs = nowMs() < notBeforeMs ? 0 : renewedBeforeEndMs
    if (kept && lasts(kept, neededForMs)) return kept
    underWay ??= renew()
    return underWay
  }
}

/** From the environment, or wherever else the SDK would look. */
export const chainCredentials = (): CredentialSource =>
  renewing(async () => {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
    return defaultProvider()()
  }, Date.now)
