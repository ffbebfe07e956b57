/** Which node an EC2 instance was enrolled as. Ids of instances never come back, so it is kept. */
import * as z from 'zod'
import { NodeId } from '../../../protocol/ids.ts'

export const instanceKey = (instanceId: string) => ({ pk: `instance#${instanceId}`, sk: 'node' })

const InstanceItem = z.object({ usedBy: NodeId })
export const fromInstanceItem = (item: unknown): string => InstanceItem.parse(item).usedBy
