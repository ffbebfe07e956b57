/** What a node has earned, as its own agent may ask: a signed GET, whose body has no bytes. */
import { toWireEarnings, toWirePayout } from '../http/earnings-view.ts'
import type { JournalStore } from '../ledger/journal-ports.ts'
import type { SignedHttpRequest } from '../protocol/http-signature.ts'
import type { EarningsReply } from '../protocol/late-claims.ts'
import { limits } from '../protocol/limits.ts'
import { ok, type Result } from '../protocol/result.ts'
import { toWireClaim } from './late-claims.ts'
import { type AuthenticateDeps, authenticate } from './signed-request.ts'

export type EarningsDeps = AuthenticateDeps & {
  readonly journal: Pick<JournalStore, 'readEarnings' | 'listEscrowed' | 'listPayouts'>
}

/** The signature does not cover a query, so there is none: the latest are what an owner asks for. */
const lastPayouts = 30

export async function showEarnings(
  deps: EarningsDeps,
  request: SignedHttpRequest,
): Promise<Result<EarningsReply>> {
  const caller = await authenticate(deps, request, 'earnings')
  if (!caller.ok) return caller
  const { nodeId } = caller.value.row.node
  const [earnings, escrowed, payouts] = await Promise.all([
    deps.journal.readEarnings(nodeId),
    deps.journal.listEscrowed(nodeId, limits.pageSize),
    deps.journal.listPayouts(nodeId, { limit: lastPayouts, after: undefined }),
  ])
  return ok({
    ok: true,
    server_time_ms: deps.nowMs(),
    node_id: nodeId,
    earnings: toWireEarnings(nodeId, earnings),
    escrowed_claims: escrowed.map(toWireClaim),
    payouts: payouts.items.map(toWirePayout),
  })
}
