import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openClaimJournal } from '../../../../apps/host/claims/journal.ts'
import { makeOfferLoop } from '../../../../apps/host/claims/offer-loop.ts'
import type { Answer } from '../../../../apps/host/control-plane.ts'
import {
  type LateClaimBatch,
  LateClaimOffer,
  type LateClaimReply,
} from '../../../../src/protocol/late-claims.ts'
import { limits } from '../../../../src/protocol/limits.ts'
import { hashOf, makeOffer } from '../support/late-claim.ts'
import { makeManualClock } from '../support/manual-clock.ts'

const startMs = Date.UTC(2026, 0, 1)
const minuteMs = 60_000
type Status = LateClaimReply['claims'][number]['status']

const isDown: Answer<LateClaimReply> = {
  ok: false,
  error: { code: 'unreachable', message: 'Ingest did not answer.' },
}

/** `judge` tells the status of an offer, or that ingest does not answer. */
async function openOffers(judge: (offer: LateClaimOffer) => Status | 'down') {
  const clock = makeManualClock(startMs)
  const path = join(await mkdtemp(join(tmpdir(), 'b3iq-offers-')), 'claims')
  const journal = await openClaimJournal({ path, nowMs: clock.wallMs, log: () => undefined })
  const batches: { atMs: number; batch: LateClaimBatch }[] = []
  const stopping = new AbortController()
  const run = makeOfferLoop({
    journal,
    offer: async (batch) => {
      batches.push({ atMs: clock.monotonicMs(), batch })
      const offers = batch.claims.map((claim) => LateClaimOffer.parse(claim))
      const statuses = offers.map(judge)
      if (statuses.includes('down')) return isDown
      const claims = offers.map((offer, at) => ({
        ticket_hash: hashOf(offer),
        status: statuses[at] === 'down' ? 'retry' : (statuses[at] ?? 'retry'),
        amount_usd: null,
        payable_at: null,
        reason: null,
      }))
      return { ok: true, value: { ok: true, server_time_ms: clock.wallMs(), claims } }
    },
    nodeId: `n_${'a'.repeat(26)}`,
    clock,
    serverClock: { nowMs: clock.wallMs },
    random: () => 1,
    log: () => undefined,
  })
  const running = run(stopping.signal)
  onTestFinished(async () => {
    stopping.abort()
    await running
  })
  /** Minute after minute. */
  const pass = async (ms: number) => {
    const endMs = clock.monotonicMs() + ms
    while (clock.monotonicMs() < endMs) await clock.nextSleep()
    await clock.asleep()
  }
  const keep = (ageMs = 0) => {
    const issued_at_ms = clock.wallMs() - ageMs
    const offer = makeOffer({ issued_at_ms, expires_at_ms: issued_at_ms + 30_000 })
    journal.keep(offer)
    return offer
  }
  return { journal, batches, pass, keep }
}

describe('kept claims', () => {
  it('are not offered before the hold behind them can have expired', async () => {
    const { batches, keep, pass } = await openOffers(() => 'escrowed')
    keep()
    await pass(14 * minuteMs)
    expect(batches).toEqual([])
    await pass(2 * minuteMs)
    expect(batches).toHaveLength(1)
  })

  it.each<Status>(['escrowed', 'released', 'refused'])('end when they are %s', async (status) => {
    const { batches, journal, keep, pass } = await openOffers(() => status)
    keep(20 * minuteMs)
    await pass(24 * 60 * minuteMs)
    expect(batches).toHaveLength(1)
    expect(journal.kept()).toEqual([])
  })

  it.each<Status | 'down'>(['retry', 'down'])(
    'are offered again, ever more rarely, where the answer is "%s"',
    async (status) => {
      const { batches, journal, keep, pass } = await openOffers(() => status)
      keep(20 * minuteMs)
      await pass(24 * 60 * minuteMs)
      const waits = batches.map(({ atMs }, at) => (atMs - (batches[at - 1]?.atMs ?? 0)) / minuteMs)
      expect(waits.slice(1)).toEqual([15, 30, 60, 120, 240, 360, 360])
      expect(journal.kept()).toHaveLength(1)
      await pass(6 * 24 * 60 * minuteMs)
      expect(journal.kept()).toEqual([])
    },
  )

  it('are judged one by one', async () => {
    let firstHash = ''
    const { journal, keep, pass } = await openOffers((offer) =>
      hashOf(offer) === firstHash ? 'refused' : 'retry',
    )
    const [one, other] = [keep(20 * minuteMs), keep(20 * minuteMs)]
    firstHash = hashOf(one)
    await pass(2 * minuteMs)
    expect(journal.kept().map(({ offer }) => offer)).toEqual([other])
  })

  it('go in batches within the bounds of ingest, the oldest first', async () => {
    const { batches, journal, keep, pass } = await openOffers(() => 'escrowed')
    const kept = Array.from({ length: 250 }, () => keep(20 * minuteMs))
    await pass(4 * minuteMs)
    expect(batches.map(({ batch }) => batch.claims.length)).toEqual([100, 100, 50])
    expect(batches.flatMap(({ batch }) => batch.claims)).toEqual(kept)
    for (const { batch } of batches) {
      expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(limits.lateClaimBytes)
    }
    expect(journal.kept()).toEqual([])
  })
})
