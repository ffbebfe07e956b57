/** How much of a core and of memory a stream costs that passes through the gateway. */
import { ratiosOf, spreadOf, told } from '../../harness/rounds.ts'
import type { Suite, SuiteReport, Table } from '../../harness/suite.ts'
import { openBenchStage } from '../../stage/open-stage.ts'
import { apart, atOnce, type Costs, measureChunks, type Regime } from './chunk-rate.ts'
import { measureOpenStreams, type Open } from './open-streams.ts'

const regimes: readonly Regime[] = [atOnce, apart]
/** A wallet has at most 64 holds open, so 1,000 streams are those of several. */
const customers = 16
const bytesPerKb = 1024

export const suite: Suite = {
  name: 'stream',
  title:
    'Chunks a second and core, against relays that bill nobody; memory of streams that are open.',
  run: async (context) => {
    const models = regimes.map(({ model }) => model)
    const stage = await openBenchStage({ models, customers })
    try {
      const open = await measureOpenStreams(stage, context)
      const costs = await measureChunks(stage, regimes, context)
      return reportOf(costs, open)
    } finally {
      await stage.close()
    }
  },
}

function reportOf(costs: readonly Costs[], open: readonly Open[]): SuiteReport {
  const ratios = costs.map((of) => ratiosOf(roundsOf(of, 'parsing relay'), roundsOf(of, 'gateway')))
  const perStream = perStreamKb(open)
  return {
    tables: [chunksTable(costs), memoryTable(open)],
    figures: {
      // The worse of the two: a chunk that comes alone costs most in the kernel, and many at once most here.
      chunksPerSecond: Math.min(...ratios.map(({ median }) => median)),
      memoryPerStream: perStream.at(-1) ?? Number.NaN,
    },
    plots: {},
    notes,
    skipped: [],
  }
}

const notes = [
  'The gateway is the deployed bundle over a stand-in for the database, with authentication, limits, hold, tickets, claims, receipt, settlement and a line of metrics; what all of it takes once per stream is in the time of its chunks.',
  'The parsing relay is Node’s http alone: JSON.parse of each frame, two names replaced, JSON.stringify, and one write for all that one read brought. The pipe looks at nothing. Neither knows a customer.',
  'A chunk is a frame of some 170 bytes with one word, from a host in a process of its own; eight streams at a time. Many chunks a read: all of them are there at once. One a millisecond: each comes in a segment of its own, as from a runtime.',
  'Time is that of a core, by the kernel’s count for the process. Memory is resident memory behind a collection, less that of the same process without streams; buffers of the kernel are not in it.',
]

const roundsOf = (costs: Costs, name: Parameters<Costs['get']>[0]): readonly number[] =>
  costs.get(name) ?? []

function chunksTable(costs: readonly Costs[]): Table {
  const rows = costs.flatMap((of, at) =>
    [...of].map(([name, us]) => {
      const theirs = roundsOf(of, 'parsing relay')
      return [
        regimes[at]?.what ?? '',
        name,
        told(spreadOf(us)),
        Math.round(1_000_000 / spreadOf(us).median),
        told(ratiosOf(theirs, us)),
      ]
    }),
  )
  return {
    title: 'Chunks',
    columns: [
      'host sends',
      'relayed by',
      'µs of a core a chunk',
      'chunks/s and core',
      '× parsing relay',
    ],
    rows,
  }
}

const perStreamKb = ([none, ...others]: readonly Open[]): readonly number[] =>
  others.map(({ streams, memory }) => (memory.rss - (none?.memory.rss ?? 0)) / streams / bytesPerKb)

function memoryTable(open: readonly Open[]): Table {
  const perStream = perStreamKb(open)
  const mb = (bytes: number) => Number((bytes / bytesPerKb / bytesPerKb).toFixed(1))
  return {
    title: 'Open streams',
    columns: ['streams', 'resident MB', 'heap MB', 'outside the heap MB', 'resident KB a stream'],
    rows: open.map(({ streams, memory }, at) => [
      streams,
      mb(memory.rss),
      mb(memory.heapUsed),
      mb(memory.external),
      at === 0 ? '' : Math.round(perStream[at - 1] ?? 0),
    ]),
  }
}
