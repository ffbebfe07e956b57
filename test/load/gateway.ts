/**
 * `npm run load:gateway -- --streams 200 --seconds 300 --processes 4 --hosts 12 --seed 1`: several gateway
 * processes under streams and dying hosts, and afterwards every promise about money and replies. Fails
 * when one is broken. docs/load.md says what it measures.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { linePlot } from './gateway/plots.ts'
import { reportOf, tableOf, timelineOf, violationLines } from './gateway/report.ts'
import { type LoadRecord, type Progress, runGatewayLoad } from './gateway/run.ts'

const whole = (least: number, most: number, usual: number) => {
  const error = `must be a whole number from ${least} to ${most}`
  return z.coerce.number(error).int(error).min(least, error).max(most, error).default(usual)
}

const Flags = z.object({
  streams: whole(1, 1_000, 200),
  seconds: whole(5, 3_600, 300),
  processes: whole(1, 16, 4),
  hosts: whole(1, 32, 12),
  seed: whole(0, 2 ** 31 - 1, 1),
  'token-delay-ms': whole(0, 10_000, 250),
  out: z.string().min(1).default('test-results/load-gateway'),
})
type Flags = z.infer<typeof Flags>

const stretchMs = 5_000
const violationsShown = 20

async function main(args: readonly string[]): Promise<number> {
  const flags = readFlags(args)
  if (typeof flags === 'string') {
    console.error(flags)
    return 2
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const load = {
    seed: flags.seed,
    streams: flags.streams,
    durationMs: flags.seconds * 1_000,
    processes: flags.processes,
    hosts: flags.hosts,
    tokenDelayMs: flags['token-delay-ms'],
    tokensLeast: 16,
    tokensMost: 128,
    pauseMs: 2_000,
    faultsEveryMs: 60_000,
    faultScale: 1,
    sampleEveryMs: stretchMs,
  }
  const record = await runGatewayLoad(load, { onProgress: showProgress, stop: stop.signal })
  if (record === undefined) {
    console.error('The load was stopped before its end: nothing was judged.')
    return 130
  }
  const report = reportOf(load, record)
  await mkdir(flags.out, { recursive: true })
  await writeFile(join(flags.out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  await writePlots(flags.out, record)
  console.log(`\n${tableOf(report)}\n`)
  for (const line of violationLines(record.violations, violationsShown)) console.error(line)
  console.log(`The report and its plots are in ${flags.out}.`)
  return record.violations.length === 0 ? 0 : 1
}

/** What is wrong with the flags, where they cannot be read. */
function readFlags(args: readonly string[]): Flags | string {
  const options = Object.fromEntries(
    Object.keys(Flags.shape).map((name) => [name, { type: 'string' }] as const),
  )
  try {
    const { values } = parseArgs({ args: [...args], options })
    const { data, error } = Flags.safeParse(values)
    if (data) return data
    const [issue] = error.issues
    return `--${issue?.path.join('.')} ${issue?.message}.`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function showProgress(progress: Progress): void {
  const { elapsedMs, running, ended, hostsFailing, hostsShutOut, openHolds, memoryMb } = progress
  console.error(
    `${String(Math.round(elapsedMs / 1000)).padStart(5)} s  ${running} streams  ${ended} replies  ` +
      `${openHolds} holds  ${hostsFailing} hosts failing, ${hostsShutOut} shut out  ` +
      `${memoryMb.map((mb) => Math.round(mb)).join(' ')} MB`,
  )
}

async function writePlots(folder: string, record: LoadRecord): Promise<void> {
  const { repliesPerSecond, firstContentP50Ms, firstContentP99Ms } = timelineOf(record, stretchMs)
  const plots = {
    'memory.svg': linePlot('Resident memory, MB', record.memory),
    'heap.svg': linePlot(
      'Heap after collection, MB',
      record.memory.map(({ name, heap }) => ({ name, points: heap })),
    ),
    'holds.svg': linePlot('Open holds', [{ name: 'holds', points: record.openHolds }]),
    'hosts.svg': linePlot('Hosts', [
      { name: 'failing', points: record.hosts.failing },
      { name: 'shut out', points: record.hosts.shutOut },
    ]),
    'replies.svg': linePlot('Replies a second', [{ name: 'replies', points: repliesPerSecond }]),
    'first-content.svg': linePlot('Time to first content, ms', [
      { name: 'p50', points: firstContentP50Ms },
      { name: 'p99', points: firstContentP99Ms },
    ]),
  }
  for (const [name, plot] of Object.entries(plots)) await writeFile(join(folder, name), plot)
}

process.exitCode = await main(process.argv.slice(2))
