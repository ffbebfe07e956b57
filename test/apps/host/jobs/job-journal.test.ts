import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jobsFileOf, openJobJournal } from '../../../../apps/host/jobs/job-journal.ts'

describe('the job file', () => {
  it('lies beside the state file', () => {
    expect(jobsFileOf('/var/b3iq/state.json')).toBe('/var/b3iq/state.jobs.json')
  })

  it('that is damaged stops the agent in one sentence', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'b3iq-journal-')), 'jobs.json')
    await writeFile(path, '{"v":1')
    await expect(openJobJournal(path)).rejects.toThrow(
      /^The job file .* cannot be read: restore it/,
    )
  })

  it('that cannot be written changes nothing', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'b3iq-journal-')), 'state')
    const journal = await openJobJournal(join(folder, 'jobs.json'))
    await writeFile(folder, 'a file where the folder should be')
    await expect(journal.change(() => ({ last_seq: 7 }))).rejects.toThrow()
    expect(journal.get().last_seq).toBe(0)
    await rm(folder)
    await journal.change(() => ({ last_seq: 8 }))
    expect(JSON.parse(await readFile(join(folder, 'jobs.json'), 'utf8')).last_seq).toBe(8)
  })
})
