/** Wires the provider of tunnels, for whoever lets nodes open and close them. */
import { makeCloudflareTunnels } from '../../src/adapters/tunnels/cloudflare.ts'
import type { TunnelProvider } from '../../src/fleet/tunnel-provider.ts'
import { type Base, system } from './parts.ts'

/** Undefined where the stage opens no tunnels. */
export function tunnelsOf({ config, secrets }: Base): TunnelProvider | undefined {
  if (config.tunnels === undefined) return undefined
  const apiToken = secrets.cloudflare_api_token
  if (apiToken === undefined) {
    throw new Error(
      'The stage has tunnels configured but its secrets have no cloudflare_api_token: add it.',
    )
  }
  return makeCloudflareTunnels({ ...system, ...config.tunnels, stage: config.stage, apiToken })
}
