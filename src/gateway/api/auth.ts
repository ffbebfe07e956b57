/** Who may call an endpoint: anyone, anyone with more for a key, any key, or a key with a scope. */
import type { Scope } from '../../protocol/account.ts'

export type GatewayAuth = 'none' | 'optional' | 'any_key' | Scope
