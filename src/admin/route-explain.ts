/** The dry run of a customer's request, for operators who are asked why it was refused. */
import * as z from 'zod'
import { KeyId, NodeId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import type { Result } from '../protocol/result.ts'

export type RouteExplainDeps = {
  /** The gateway's own rules; see `src/gateway/explain.ts`. */
  readonly explainRoute: (asked: {
    readonly keyId: string
    readonly endpoint: string
    readonly body: unknown
    readonly limit: number
    readonly after: string | undefined
  }) => Promise<Result<object>>
}

export const RouteQuestion = z.strictObject({
  key_id: KeyId,
  endpoint: z.string().max(64).default('/v1/chat/completions'),
  /** As the customer sent it. */
  body: z.record(z.string(), z.unknown()),
  /** Profiles of the model; the cursor is a node's id. */
  limit: z.int().min(1).max(limits.pageSize).default(limits.pageSize),
  after: NodeId.optional(),
})

/** A request's body at its longest, and the question around it. */
export const questionBytesMax = limits.requestBodyBytes + 4 * 1024

export const askForRoute = (
  { explainRoute }: RouteExplainDeps,
  { key_id: keyId, endpoint, body, limit, after }: z.infer<typeof RouteQuestion>,
): Promise<Result<object>> => explainRoute({ keyId, endpoint, body, limit, after })
