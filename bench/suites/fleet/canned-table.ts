/**
 * A Profiles table that answers queries of the fleet's partitions with pages made beforehand. The
 * client's signing and parsing and the item schemas are the real ones; there are no sockets.
 */
import * as z from 'zod'
import type { Connection } from '../../../src/adapters/aws/connection.ts'
import { writeItem } from '../../../src/adapters/dynamodb/client/attribute-values.ts'
import { type Database, makeDatabase } from '../../../src/adapters/dynamodb/client.ts'
import { localTableNames } from '../../../src/adapters/dynamodb/create-tables.ts'
import {
  fleetBuckets,
  hotKey,
  profileKey,
} from '../../../src/adapters/dynamodb/items/fleet-keys.ts'
import { toBeatFields, toProbeField } from '../../../src/adapters/dynamodb/items/hot-item.ts'
import { toNodeItem } from '../../../src/adapters/dynamodb/items/node-item.ts'
import {
  toBenchmarkField,
  toInventoryFields,
} from '../../../src/adapters/dynamodb/items/profile-item.ts'
import { benchNowMs, generatedRow } from './generated-fleet.ts'

/** What fills 1 MB, the most that one page of a query holds. */
const nodesInFullPage = 230
/** Of different nodes; a larger fleet is these over and over. */
const pagesMade = 8

const Key = z.object({ pk: z.object({ S: z.string() }), sk: z.object({ S: z.string() }) })
const Query = z.object({
  ExpressionAttributeValues: z.object({ ':pk': z.object({ S: z.string() }) }),
  ExclusiveStartKey: Key.optional(),
})

export function makeCannedTable(
  nodes: number,
  nodesPerPage = nodesInFullPage,
): Database & { readonly queries: () => number } {
  const sizes = new Set(
    [0, fleetBuckets - 1].flatMap((bucket) => {
      const all = nodesIn(bucket, nodes)
      return [Math.min(all, nodesPerPage), all % nodesPerPage]
    }),
  )
  const pages = new Map([...sizes].map((size) => [size, pagesOf(size)]))
  let queries = 0
  const post: Connection['post'] = async (_, body) => {
    const query = Query.parse(JSON.parse(body))
    const bucket = Number(query.ExpressionAttributeValues[':pk'].S.split('#')[1])
    const page = Number(query.ExclusiveStartKey?.sk.S ?? 0)
    const left = nodesIn(bucket, nodes) - page * nodesPerPage
    const items = pages.get(Math.min(left, nodesPerPage))?.[queries % pagesMade]
    if (!items) throw new Error(`there is no page of ${Math.min(left, nodesPerPage)} nodes`)
    queries += 1
    const key = writeItem({ pk: 'fleet', sk: String(page + 1) })
    const end = left > nodesPerPage ? `],"LastEvaluatedKey":${key}}` : ']}'
    const reply = Buffer.concat([Buffer.from('{"Items":['), items, Buffer.from(end)])
    return { status: 200, headers: {}, body: reply }
  }
  const database = makeDatabase({
    tables: localTableNames('bench'),
    endpoint: 'http://127.0.0.1:1',
    connection: { post, close: () => undefined },
  })
  return { ...database, queries: () => queries }
}

/** They are dealt out evenly, the first buckets one more where there is a rest. */
const nodesIn = (bucket: number, nodes: number): number =>
  Math.floor(nodes / fleetBuckets) + (bucket < nodes % fleetBuckets ? 1 : 0)

const pagesOf = (size: number): readonly Buffer[] =>
  Array.from({ length: pagesMade }, (_, page) => {
    const first = page * nodesInFullPage
    const items = Array.from({ length: size }, (_, at) => itemsOf(first + at)).flat()
    return Buffer.from(items.map((item) => writeItem(item)).join(','))
  })

function itemsOf(index: number): Readonly<Record<string, unknown>>[] {
  const { node, hot, profiles } = generatedRow(index)
  const probe = hot?.probe && { probe: toProbeField(hot.probe, benchNowMs) }
  return [
    ...(hot ? [{ ...hotKey(node.nodeId), ...toBeatFields(hot), ...probe }] : []),
    { ...toNodeItem(node) },
    ...profiles.map((profile) => ({
      ...profileKey(node.nodeId, profile.profileId),
      ...toInventoryFields(profile),
      ...(profile.benchmark ? { benchmark: toBenchmarkField(profile.benchmark) } : {}),
    })),
  ]
}
