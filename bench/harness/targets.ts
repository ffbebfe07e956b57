/**
 * What a measurement is compared with: one row for each promise of speed and size. Ratios compare two figures of
 * one run, so that a slow machine slows both; times of the clock are judged on the machine that ran them.
 */

export type Target = {
  readonly what: string
  readonly limit: number
  /** Whether a figure must stay at or below the limit, or reach it. */
  readonly must: 'at_most' | 'at_least'
  /** As it is printed behind a figure; empty for counts. */
  readonly unit: string
  /** Wanted, and not judged. */
  readonly aim?: number
}

const atMost = (limit: number, unit: string, what: string, aim?: number): Target => ({
  what,
  limit,
  must: 'at_most',
  unit,
  ...(aim === undefined ? {} : { aim }),
})

const atLeast = (limit: number, unit: string, what: string, aim?: number): Target => ({
  ...atMost(limit, unit, what, aim),
  must: 'at_least',
})

export const targets = {
  roundTripsWarm: atMost(1, '', 'database round trips before the host is dialled, warm'),
  roundTripsCold: atMost(2, '', 'database round trips before the host is dialled, cold'),
  writeUnitsFewHolds: atMost(6, 'WRU', 'write units of a paid chat request, 8 open holds', 4),
  writeUnitsManyHolds: atMost(8, 'WRU', 'write units of a paid chat request, 16 open holds'),
  readUnitsWarm: atMost(2, 'RRU', 'read units of a paid chat request, warm'),
  readUnitsCold: atMost(6, 'RRU', 'read units of a paid chat request, cold'),
  firstContentP50: atMost(4, 'ms', 'added time to first content, median, one stream at a time'),
  firstContentP99: atMost(15, 'ms', 'added time to first content, p99, one stream at a time'),
  requestsCanned: atLeast(1.5, '×', 'paid requests a second against Portkey, canned database', 2),
  requestsEmbedded: atLeast(1, '×', 'paid requests a second against Portkey, embedded database'),
  cpuPerRequest: atMost(0.7, '×', 'processor time of a paid request against Portkey'),
  chunksPerSecond: atLeast(0.7, '×', 'chunks a second and core against a relay that parses'),
  memoryPerStream: atMost(100, 'KB', 'memory of an open stream'),
  bundle: atMost(350, 'KB', 'gateway bundle that a start loads, minified'),
  importTime: atMost(80, 'ms', 'import of the gateway over that of an empty module'),
  heartbeatWrites: atMost(1, 'WRU', 'write units of a heartbeat'),
  heartbeatBytes: atMost(1_024, 'B', 'stored bytes of a heartbeat'),
  recompute: atMost(30, 's', 'eligibility of 100,000 profiles, of one core'),
  choice: atMost(0.2, 'ms', 'choice among 1,000 candidates'),
  simulation: atLeast(200, '/s', 'simulated histories a second and core'),
} as const satisfies Readonly<Record<string, Target>>

export type TargetId = keyof typeof targets

export const isTargetId = (name: unknown): name is TargetId =>
  typeof name === 'string' && Object.hasOwn(targets, name)

export const isMet = ({ must, limit }: Target, figure: number): boolean =>
  must === 'at_most' ? figure <= limit : figure >= limit
