/** What the functions that open and close tunnels are told of them. */
import { envKey } from '../src/names.ts'
import type { StageConfig } from './config.ts'

/** Empty where the stage opens no tunnels. */
export function tunnelsEnvironment({ tunnels }: StageConfig): Readonly<Record<string, string>> {
  return tunnels === undefined ? {} : { [envKey.tunnels]: JSON.stringify(tunnels) }
}
