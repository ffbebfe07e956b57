import { appendFile, mkdir, mkdtemp, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openClaimJournal } from '../../../../apps/host/claims/journal.ts'
import { hashOf, makeOffer } from '../support/late-claim.ts'

const dayMs = 86_400_000

async function openFile(text?: string) {
  const path = join(await mkdtemp(join(tmpdir(), 'b3iq-claims-')), 'state.json.claims')
  if (text !== undefined) await writeFile(path, text)
  const logged: string[] = []
  let nowMs = Date.now()
  const open = () =>
    openClaimJournal({ path, nowMs: () => nowMs, log: (event) => logged.push(event) })
  return { path, logged, open, later: (ms: number) => (nowMs += ms) }
}

describe('the claims journal', () => {
  it('keeps a claim with its ticket over a restart, in a file of the owner alone', async () => {
    const { open, path } = await openFile()
    const [first, second] = [makeOffer(), makeOffer()]
    const journal = await open()
    journal.keep(first)
    journal.keep(second)
    await journal.flush()
    const expected = [first, second].map((offer) => ({ ticketHash: hashOf(offer), offer }))
    expect((await open()).kept()).toEqual(expected)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('forgets what was judged, over a restart too, and does not keep it in the file', async () => {
    const { open, path } = await openFile()
    const [judged, waiting] = [makeOffer(), makeOffer()]
    const journal = await open()
    journal.keep(judged)
    journal.keep(waiting)
    journal.end(hashOf(judged), 'escrowed')
    await journal.flush()
    expect((await open()).kept().map(({ offer }) => offer)).toEqual([waiting])
    expect(await readFile(path, 'utf8')).not.toContain(hashOf(judged))
  })

  it('loses no more than the last line to a power cut, and can be added to afterwards', async () => {
    const { open, path, logged } = await openFile()
    const [whole, torn, later] = [makeOffer(), makeOffer(), makeOffer()]
    const journal = await open()
    journal.keep(whole)
    await journal.flush()
    await appendFile(path, JSON.stringify({ kind: 'kept', offer: torn }).slice(0, 200))

    const reopened = await open()
    expect(logged).toEqual(['claims_unreadable'])
    reopened.keep(later)
    await reopened.flush()
    expect((await open()).kept().map(({ offer }) => offer)).toEqual([whole, later])
  })

  it('keeps the newest thousand, for seven days', async () => {
    const { open, later } = await openFile()
    const journal = await open()
    const offers = Array.from({ length: 1_002 }, () => makeOffer())
    for (const offer of offers) journal.keep(offer)
    await journal.flush()
    const kept = (await open()).kept()
    expect(kept).toHaveLength(1_000)
    expect(kept[0]?.offer).toEqual(offers[2])
    later(7 * dayMs + 60_000)
    expect(journal.kept()).toEqual([])
    expect((await open()).kept()).toEqual([])
  })

  it('stays small however many claims come and go', async () => {
    const { open, path } = await openFile()
    const journal = await open()
    for (let count = 0; count < 2_100; count += 1) {
      const offer = makeOffer()
      journal.keep(offer)
      journal.end(hashOf(offer), 'refused: not_expired')
    }
    await journal.flush()
    expect((await stat(path)).size).toBeLessThan(500_000)
  }, 30_000)

  it('that cannot be written costs log lines, and is whole again once it can be', async () => {
    const { open, path, logged } = await openFile()
    const journal = await open()
    const [first, second, third] = [makeOffer(), makeOffer(), makeOffer()]
    journal.keep(first)
    await journal.flush()
    await rm(path)
    await mkdir(path)
    journal.keep(second)
    await journal.flush()
    expect(new Set(logged)).toEqual(new Set(['claim_not_written']))
    expect(journal.kept()).toHaveLength(2)
    await rmdir(path)
    journal.keep(third)
    await journal.flush()
    expect((await open()).kept().map(({ offer }) => offer)).toEqual([first, second, third])
  })
})
