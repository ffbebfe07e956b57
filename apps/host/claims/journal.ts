/**
 * Claims whose reply the gateway did not read to its end, kept until ingest has judged them. Lines
 * are only ever added, each synced before the dispatch is forgotten; a line that a power cut tore is
 * skipped, and the file is written anew, without what is over, at every start and when it has grown.
 */
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import type { NowMs } from '../../../src/protocol/clock.ts'
import { Sha256Hex } from '../../../src/protocol/ids.ts'
import { LateClaimOffer } from '../../../src/protocol/late-claims.ts'
import { ticketHash } from '../../../src/protocol/ticket.ts'
import { replaceFile, writeSynced } from '../durable-file.ts'
import type { Log } from '../log.ts'
import { errorCode, messageOf, StatedError } from '../stated-error.ts'

export const claimsKeptMax = 1_000
export const claimKeptMs = 7 * 24 * 60 * 60_000
/** Lines that may be added before the file is written anew. */
const linesAddedMax = 4 * claimsKeptMax
/** A line is 3 KB at most, so no journal of ours is longer. */
const fileBytesMax = 32 * 1024 * 1024

const Line = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('kept'), offer: LateClaimOffer }),
  /** Judged for good, or given up. */
  z.strictObject({ kind: z.literal('over'), ticket_hash: Sha256Hex, why: z.string().max(64) }),
])
type Line = z.infer<typeof Line>

/** Beside the state file, because both belong to one node. */
export const claimsFileOf = (stateFile: string): string => `${stateFile}.claims`

export type KeptClaim = { readonly ticketHash: string; readonly offer: LateClaimOffer }

export type ClaimJournal = {
  /** In order of keeping. */
  readonly kept: () => readonly KeptClaim[]
  readonly keep: (offer: LateClaimOffer) => void
  readonly end: (ticketHash: string, why: string) => void
  /** Resolves when every line is on disk, or writing has failed twice and was logged. */
  readonly flush: () => Promise<void>
}

/** Throws a StatedError where the file is there and cannot be read or written. */
export async function openClaimJournal(deps: {
  readonly path: string
  /** The server's time. */
  readonly nowMs: NowMs
  readonly log: Log
}): Promise<ClaimJournal> {
  const { path, nowMs, log } = deps
  const kept = new Map<string, LateClaimOffer>()
  for (const line of await readLines(path, log)) apply(line)
  dropOld()
  await writeAnew(path, [...kept.values()].map(keptLine))
  let waiting: Line[] = []
  let writing: Promise<void> | undefined
  let linesAdded = 0
  /** False after a write that failed: what it left at the end would spoil the line after it. */
  let isWhole = true

  function apply(line: Line): void {
    if (line.kind === 'over') kept.delete(line.ticket_hash)
    else kept.set(ticketHash(line.offer.ticket.ticket), line.offer)
  }

  function dropOld(): void {
    for (const [hash, { ticket }] of kept) {
      const isOld = nowMs() - ticket.ticket.issued_at_ms > claimKeptMs
      if (isOld || kept.size > claimsKeptMax) kept.delete(hash)
    }
  }

  function add(line: Line): void {
    apply(line)
    dropOld()
    waiting.push(line)
    writing ??= writeWaiting()
  }

  /** What came while the disk was busy goes with the next write. */
  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      await tryToWrite(lines)
    }
    writing = undefined
  }

  async function tryToWrite(lines: readonly Line[]): Promise<void> {
    await write(lines).catch((error) => {
      isWhole = false
      log('claim_not_written', { message: messageOf(error) })
    })
  }

  async function write(lines: readonly Line[]): Promise<void> {
    linesAdded += lines.length
    if (isWhole && linesAdded <= linesAddedMax) return writeSynced(path, 'a', textOf(lines))
    await writeAnew(path, [...kept.values()].map(keptLine))
    linesAdded = 0
    isWhole = true
  }

  return {
    kept: () => {
      dropOld()
      return Array.from(kept, ([hash, offer]) => ({ ticketHash: hash, offer }))
    },
    keep: (offer) => add(keptLine(offer)),
    end: (hash, why) => {
      if (kept.has(hash)) add({ kind: 'over', ticket_hash: hash, why })
    },
    flush: async () => {
      await writing
      if (!isWhole) await tryToWrite([])
    },
  }
}

const keptLine = (offer: LateClaimOffer): Line => ({ kind: 'kept', offer })

async function readLines(path: string, log: Log): Promise<Line[]> {
  const text = await readText(path)
  if (text.length > fileBytesMax) {
    throw new StatedError(`The claims file ${path} is too long to be ours: move it away.`)
  }
  const lines = text.split('\n').filter((line) => line !== '')
  const read = lines.flatMap((line) => {
    const parsed = parseLine(line)
    return parsed === undefined ? [] : [parsed]
  })
  if (read.length < lines.length) log('claims_unreadable', { lines: lines.length - read.length })
  return read
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw new StatedError(`The claims file ${path} cannot be read (${errorCode(error)}).`)
  }
}

function parseLine(text: string): Line | undefined {
  try {
    return Line.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

async function writeAnew(path: string, lines: readonly Line[]): Promise<void> {
  try {
    await replaceFile(path, textOf(lines))
  } catch (error) {
    throw new StatedError(
      `The claims file ${path} cannot be written (${errorCode(error)}): choose a writable state_file.`,
    )
  }
}

const textOf = (lines: readonly Line[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('')
