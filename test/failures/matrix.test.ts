// Every way in which a host fails, streamed and whole, with one host, two and three: each a request
// over real HTTP. What came of them is compared with what is expected and becomes docs/failures.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GatewayBench, startGatewayBench } from '../support/gateway-bench.ts'
import { endingOf } from './ending.ts'
import { expectedEndings } from './expected-endings.ts'
import { type FailureName, failures } from './failing-hosts.ts'
import { invariants } from './invariants.ts'
import { failuresPage, failuresPageFile } from './page.ts'
import { type Cell, type CellRun, runCell, startGateways } from './run-cell.ts'

const isFailure = (name: string): name is FailureName => name in failures
const cells: readonly Cell[] = Object.keys(expectedEndings)
  .filter(isFailure)
  .flatMap((failure) =>
    [true, false].flatMap((streamed) => [1, 2, 3].map((hosts) => ({ failure, streamed, hosts }))),
  )
const nameOf = ({ failure, streamed, hosts }: Cell) =>
  `${failure}, ${streamed ? 'streamed' : 'whole'}, of ${hosts}`

const atOnce = 8
const waits = ({ failure }: Cell) => 'pace' in failures[failure]
/** Who waits for a timer begins first, so that they wait together. */
const byPace = [...cells.filter(waits), ...cells.filter((cell) => !waits(cell))]

let bench: GatewayBench
const runs = new Map<Cell, CellRun>()
const faults = new Map<Cell, unknown>()
const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => void unhandled.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled)
  bench = await startGatewayBench()
  const gateways = await startGateways(bench)
  const waiting = byPace.values()
  const work = async () => {
    for (const cell of waiting) {
      await runCell(bench, gateways, cell).then(
        (run) => runs.set(cell, run),
        (fault: unknown) => faults.set(cell, fault),
      )
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
})
afterAll(async () => {
  process.off('unhandledRejection', onUnhandled)
  await bench.stop()
})

function runOf(cell: Cell): CellRun {
  const run = runs.get(cell)
  if (run === undefined) throw new Error(nameOf(cell), { cause: faults.get(cell) })
  return run
}

describe('when the first host', () => {
  test.each(cells.map((cell) => [nameOf(cell), cell] as const))('%s', (_, cell) => {
    const { alone, withOthers } = expectedEndings[cell.failure]
    const endings = cell.hosts === 1 ? alone : withOthers
    expect(endingOf(runOf(cell))).toEqual(cell.streamed ? endings.streamed : endings.whole)
  })
})

describe('in each of the runs', () => {
  test.each(Object.entries(invariants))('%s', (_, breachIn) => {
    const breaches = cells
      .map((cell) => [nameOf(cell), breachIn(runOf(cell))])
      .filter(([, breach]) => breach !== undefined)
    expect(breaches).toEqual([])
  })

  test('no rejection goes unheard, and no fault is logged', () => {
    expect(runs.size).toBe(cells.length)
    expect(unhandled).toEqual([])
    expect(bench.logLines()).toEqual([])
  })
})

test('docs/failures.md says what came of them', () => {
  const page = failuresPage(cells.map((cell) => ({ cell, ending: endingOf(runOf(cell)) })))
  if (process.env.UPDATE_DOCS === '1') writeFileSync(failuresPageFile, page)
  const advice = 'The page is not what the runs came to. This writes it anew:'
  const command = 'UPDATE_DOCS=1 npx vitest run --project parts test/failures/matrix.test.ts'
  expect(readFileSync(failuresPageFile, 'utf8'), `${advice} ${command}`).toBe(page)
})
