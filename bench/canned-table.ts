/**
 * A Profiles table that answers queries of the fleet's partitions with pages made beforehand. The
 * client, its parsing and the item schemas are the real ones: what they cost is what is measured.
 */
import { Readable } from 'node:stream'
import { marshall } from '@aws-sdk/util-dynamodb'
import { type Database, makeDatabase } from '../src/adapters/dynamodb/client.ts'
import { localTableNames } from '../src/adapters/dynamodb/create-tables.ts'
import { fleetBuckets, hotKey, profileKey } from '../src/adapters/dynamodb/items/fleet-keys.ts'
import { toBeatFields, toProbeField } from '../src/adapters/dynamodb/items/hot-item.ts'
import { toNodeItem } from '../src/adapters/dynamodb/items/node-item.ts'
import { toBenchmarkField, toInventoryFields } from '../src/adapters/dynamodb/items/profile-item.ts'
import { benchNowMs, generatedRow } from './generated-fleet.ts'

/** What fills 1 MB, the most that one page of a query holds. */
const nodesInFullPage = 230
const pagesMade = 8

export function makeCannedTable(
  nodes: number,
  nodesPerPage = nodesInFullPage,
): Database & { readonly queries: () => number } {
  const pagesPerBucket = Math.ceil(nodes / nodesPerPage / fleetBuckets)
  const pages = Array.from({ length: pagesMade }, (_, page) => pageOf(page, nodesPerPage))
  const database = makeDatabase({
    tables: localTableNames('bench'),
    endpoint: 'http://127.0.0.1:1',
  })
  let queries = 0
  database.client.config.requestHandler.handle = async () => {
    queries += 1
    const items = pages[queries % pagesMade] ?? '[]'
    const isLast = queries % pagesPerBucket === 0
    const next = isLast ? '' : ',"LastEvaluatedKey":{"pk":{"S":"fleet"},"sk":{"S":"more"}}'
    const body = Readable.from([Buffer.from(`{"Items":${items}${next}}`)])
    return { response: { statusCode: 200, headers: {}, body, reason: undefined } }
  }
  return { ...database, queries: () => queries }
}

function pageOf(page: number, size: number): string {
  const items = Array.from({ length: size }, (_, at) => itemsOf(page * size + at)).flat()
  return JSON.stringify(items.map((item) => onTheWire(marshall(item, marshalling))))
}

const marshalling = { removeUndefinedValues: true }

function itemsOf(index: number): object[] {
  const { node, hot, profiles } = generatedRow(index)
  const probe = hot?.probe && { probe: toProbeField(hot.probe, benchNowMs) }
  return [
    ...(hot ? [{ ...hotKey(node.nodeId), ...toBeatFields(hot), ...probe }] : []),
    toNodeItem(node),
    ...profiles.map((profile) => ({
      ...profileKey(node.nodeId, profile.profileId),
      ...toInventoryFields(profile),
      ...(profile.benchmark ? { benchmark: toBenchmarkField(profile.benchmark) } : {}),
    })),
  ]
}

/** Bytes travel as base64. */
function onTheWire(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(onTheWire)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, onTheWire(inner)]))
}
