import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { claimsFileOf, openClaimJournal } from '../../../../apps/host/claims/journal.ts'
import { content, sse } from '../support/fake-runtime.ts'
import { chatBody, encoded, makeTicket, post } from '../support/gateway.ts'
import { openHost } from '../support/host-process.ts'
import { makeOffer } from '../support/late-claim.ts'

type Host = Awaited<ReturnType<typeof openHost>>

const claimsPath = ({ folder }: Host) => claimsFileOf(join(folder, 'state.json'))
const journalOf = (host: Host) =>
  openClaimJournal({ path: claimsPath(host), nowMs: Date.now, log: () => undefined })

describe('a claim whose reply was not read to its end', () => {
  it('outlives an agent that is killed right after', async () => {
    const host = await openHost({ reply: { pieces: [content('Hel'), sse({})], end: 'hang' } })
    await host.enroll()
    const { child, ready, proxyUrl } = await host.run()
    const body = chatBody()
    const ticket = makeTicket(ready.node_id, body)
    const leaving = new AbortController()
    const sending = { proxyUrl, body, ticket: encoded(ticket), signal: leaving.signal }
    await (await post(sending)).body?.getReader().read()
    leaving.abort()
    await host.runtime.dropped
    await sleep(200)
    child.kill('SIGKILL')
    const kept = (await journalOf(host)).kept()
    expect(kept.map(({ offer }) => offer.ticket.ticket)).toEqual([ticket])
  }, 20_000)

  it('is offered by the next run, once its hold can have expired, and ends when it is judged', async () => {
    const host = await openHost()
    await host.enroll()
    const issued_at_ms = Date.now() - 20 * 60_000
    const ripe = makeOffer({ issued_at_ms, expires_at_ms: issued_at_ms + 30_000 })
    const fresh = makeOffer()
    const lines = [ripe, fresh].map((offer) => `${JSON.stringify({ kind: 'kept', offer })}\n`)
    await writeFile(claimsPath(host), lines.join(''))
    const { child } = await host.run()
    while (host.ingest.lateClaims.length === 0) await sleep(20)
    await sleep(100)
    child.kill('SIGKILL')
    expect(host.ingest.lateClaims).toEqual([ripe])
    expect((await journalOf(host)).kept().map(({ offer }) => offer)).toEqual([fresh])
  }, 20_000)
})
