import { mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { freshState, makeStateStore, readState } from '../../../apps/host/state-file.ts'

const statePath = async () => join(await mkdtemp(join(tmpdir(), 'b3iq-state-')), 'host.json')

describe('the state file', () => {
  it('is fresh where there is none', async () => {
    expect(await readState(await statePath())).toEqual(freshState)
  })

  it('holds the latest of many updates, and no drafts stay behind', async () => {
    const path = await statePath()
    const store = makeStateStore({ path, initial: freshState, log: () => undefined })
    for (let seq = 1; seq <= 50; seq += 1) store.update({ last_seq: seq })
    expect(store.get().last_seq).toBe(50)
    await store.flush()
    expect((await readState(path)).last_seq).toBe(50)
    expect(await readdir(dirname(path))).toEqual(['host.json'])
  })

  it.each(['', '{"v":2}', 'null'])('that is damaged is refused: "%s"', async (text) => {
    const path = await statePath()
    await writeFile(path, text)
    await expect(readState(path)).rejects.toThrow(/is damaged: delete it and enrol again\.$/)
  })

  it('that cannot be written costs a log line and no more', async () => {
    const logged: string[] = []
    const store = makeStateStore({
      path: '/dev/null/host.json',
      initial: freshState,
      log: (event) => logged.push(event),
    })
    store.update({ last_seq: 7 })
    await store.flush()
    expect(store.get().last_seq).toBe(7)
    expect(logged).toEqual(['state_not_written'])
  })
})
