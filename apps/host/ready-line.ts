/** The one line that `run` prints on stdout, for whoever started it: a supervisor reads the port. */
import * as z from 'zod'
import { NodeId } from '../../src/protocol/ids.ts'

export const ReadyLine = z.strictObject({
  ready: z.literal(true),
  port: z.int().min(1).max(65_535),
  node_id: NodeId,
})
export type ReadyLine = z.infer<typeof ReadyLine>
