/** What each request asks of the database before and after its host is dialled; and a heartbeat. */
import type { Suite, SuiteReport, Table } from '../../harness/suite.ts'
import { type Ask, makeAsks, unasked } from './asks.ts'
import { type Beats, measureBeat, mostRuntimes, usualRuntimes } from './heartbeat.ts'
import {
  type AtHolds,
  bytesOf,
  type ColdAndWarm,
  measureAsk,
  measureAtHolds,
  unitsOf,
} from './measure.ts'
import { openShop } from './shop.ts'
import { type Stand, startStand, type Use } from './stand.ts'

export const suite: Suite = {
  name: 'database',
  title: 'What requests and heartbeats use of the database, by the embedded engine’s own account.',
  run: async ({ progress, signal }) => {
    const stand = await startStand()
    try {
      return await measureAll(stand, { progress, signal })
    } finally {
      await stand.stop()
    }
  },
}

type Asked = { readonly ask: Ask; readonly uses: ColdAndWarm }
type Held = AtHolds & { readonly openHolds: number }

async function measureAll(
  stand: Stand,
  { progress, signal }: Parameters<Suite['run']>[0],
): Promise<SuiteReport> {
  const shop = await openShop(stand)
  const { asks, end } = await makeAsks(stand, shop)
  const asked: Asked[] = []
  try {
    for (const ask of asks) {
      signal.throwIfAborted()
      progress(nameOf(ask))
      asked.push({ ask, uses: await measureAsk(stand, ask) })
    }
  } finally {
    await end()
  }
  const held: Held[] = []
  for (const openHolds of [0, 8, 16]) {
    signal.throwIfAborted()
    progress(`${openHolds} open holds`)
    held.push({ openHolds, ...(await measureAtHolds(stand, shop, openHolds)) })
  }
  progress('heartbeats')
  const usual = await measureBeat(stand, usualRuntimes)
  const most = await measureBeat(stand, mostRuntimes)
  return {
    tables: [tableOf(asked), holdsTable(held), beatsTable({ usual, most })],
    figures: figuresOf(asked, held, most),
    plots: {},
    checks: [
      { what: 'every endpoint of the gateway is measured', isMet: unasked(asks).length === 0 },
    ],
    notes,
    skipped: [],
  }
}

const notes = [
  'A round trip is a step that waits for the one before; calls beside each other are one. Units are those that the embedded engine tells.',
  'Cold is a gateway that was just made; a process that froze for more than 5 s finds its caches as cold. Files were loaded before.',
  'Not counted, because it goes by the clock: a gateway that runs requests reads every 750 ms, at once for up to 100 of them, which were cancelled.',
  'A cancel is counted to its last look for a request that does not end: at most as many. Most end with the third.',
]

function figuresOf(
  asked: readonly Asked[],
  held: readonly Held[],
  { use, storedBytes }: Beats,
): SuiteReport['figures'] {
  const paid = asked.filter(({ ask }) => ask.isPaid).map(({ uses }) => uses)
  const most = (of: (uses: ColdAndWarm) => number) => Math.max(...paid.map(of))
  const writeUnitsAt = (holds: number) =>
    Math.max(
      ...held.filter(({ openHolds }) => openHolds <= holds).map((one) => unitsOf(one.use, 'write')),
    )
  return {
    roundTripsWarm: most(({ warm }) => warm.roundTripsToDial),
    roundTripsCold: most(({ cold }) => cold.roundTripsToDial),
    readUnitsWarm: most(({ warm }) => unitsOf(warm, 'read')),
    readUnitsCold: most(({ cold }) => unitsOf(cold, 'read')),
    writeUnitsFewHolds: writeUnitsAt(8),
    writeUnitsManyHolds: writeUnitsAt(16),
    heartbeatWrites: unitsOf(use, 'write'),
    heartbeatBytes: storedBytes,
  }
}

const nameOf = ({ endpoint, form }: Ask): string => (form ? `${endpoint}, ${form}` : endpoint)

const useHeads = ['Calls', 'RRU', 'WRU', 'Bytes sent', 'Bytes received']

function useCells(use: Use): readonly number[] {
  const { sent, received } = bytesOf(use)
  return [use.calls.length, unitsOf(use, 'read'), unitsOf(use, 'write'), sent, received]
}

function tableOf(asked: readonly Asked[]): Table {
  return {
    title: 'By endpoint',
    columns: ['Endpoint', 'Caches', 'Round trips before the host', 'In all', ...useHeads],
    rows: asked.flatMap(({ ask, uses }) =>
      (['cold', 'warm'] as const).map((caches) => {
        const use = uses[caches]
        const toDial = ask.isPaid ? use.roundTripsToDial : '–'
        return [nameOf(ask), caches, toDial, use.roundTrips, ...useCells(use)]
      }),
    ),
  }
}

const holdsTable = (held: readonly Held[]): Table => ({
  title: 'A chat request, warm, by the holds that are open on its wallet',
  columns: ['Open holds', 'Bytes of the wallet', ...useHeads],
  rows: held.map(({ openHolds, walletBytes, use }) => [openHolds, walletBytes, ...useCells(use)]),
})

const beatsTable = ({ usual, most }: Readonly<Record<'usual' | 'most', Beats>>): Table => {
  const row = (name: string, { use, storedBytes }: Beats) => [
    name,
    storedBytes,
    use.roundTrips,
    ...useCells(use),
  ]
  return {
    title: 'A heartbeat',
    columns: ['Runtimes of the node', 'Bytes stored', 'Round trips', ...useHeads],
    rows: [row('one', usual), row('as many as may be, of the longest names', most)],
  }
}
