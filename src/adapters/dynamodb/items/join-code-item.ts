/** A join code as it is stored: by its hash, used up by a node's enrolment. */
import * as z from 'zod'
import type { JoinCode, StoredJoinCode } from '../../../fleet/ports.ts'
import { NodeId, Region } from '../../../protocol/ids.ts'
import { Int } from '../item-fields.ts'

/** A used or expired code still names its owner for a day; a host that lost the reply asks again. */
const keptMs = 24 * 60 * 60 * 1000
const pkPrefix = 'join#'

const JoinCodeItem = z.object({
  pk: z.string().startsWith(pkPrefix),
  ownerId: z.string(),
  expiresAtMs: Int,
  region: Region.optional(),
  usedBy: NodeId.optional(),
})

export const joinCodeKey = (codeHash: string) => ({ pk: `${pkPrefix}${codeHash}`, sk: 'code' })

export function toJoinCodeFields({ ownerId, expiresAtMs, region }: JoinCode) {
  const expiresAtSec = Math.ceil((expiresAtMs + keptMs) / 1000)
  return { ownerId, expiresAtMs, expiresAtSec, ...(region === undefined ? {} : { region }) }
}

export function fromJoinCodeItem(item: unknown): StoredJoinCode {
  const { pk, ...code } = JoinCodeItem.parse(item)
  return { codeHash: pk.slice(pkPrefix.length), ...code }
}
