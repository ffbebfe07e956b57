/** Words for how a node and its queues are: few, and apart from the beat, because every request reads them. */
import * as z from 'zod'

export const NodeMode = z.enum(['local', 'managed', 'network'])
export const NodeState = z.enum(['ready', 'draining', 'paused_by_owner', 'user_active', 'degraded'])
export const QueueHealth = z.enum(['ok', 'busy', 'blocked', 'unhealthy'])
export type QueueHealth = z.infer<typeof QueueHealth>
