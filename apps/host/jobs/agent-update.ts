/**
 * Fetches a release that the offline key has signed and that is newer than this agent, and puts it,
 * checked, where the owner's service manager finds it. The agent does not replace itself: what runs
 * next is decided by whoever started this one.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobArgs } from '../../../src/protocol/job.ts'
import { compareVersions, isGenuineRelease, type Release } from '../../../src/protocol/release.ts'
import type { Ground, Outcome, Run } from './ground.ts'

export async function updateAgent(
  { release: signed }: JobArgs<'agent.update'>,
  ground: Ground,
  run: Run,
): Promise<Outcome> {
  const { release } = signed
  if (ground.releasePublicKey === undefined) return { kind: 'rejected', reason: 'no_release_key' }
  if (!isGenuineRelease(signed, ground.releasePublicKey)) {
    return { kind: 'rejected', reason: 'release_not_genuine' }
  }
  if (compareVersions(release.version, ground.agentVersion) <= 0) {
    return { kind: 'rejected', reason: 'not_newer' }
  }
  if (ground.agentUpdate === 'off') return { kind: 'rejected', reason: 'agent_update_off' }
  if (ground.agentUpdate === 'ask') return { kind: 'rejected', reason: 'owner_must_agree' }
  const path = join(ground.releasesFolder, `b3iq-host-${release.version}`)
  const draft = `${path}.part`
  await mkdir(ground.releasesFolder, { recursive: true, mode: 0o700 })
  for (const url of release.urls) {
    if (await fetchRelease(url, release, draft, run)) {
      await rename(draft, path)
      return { kind: 'succeeded', output: { version: release.version, installed: false } }
    }
    if (run.signal.aborted) break
  }
  await rm(draft, { force: true })
  return { kind: 'rolled_back', reason: 'release_not_fetched' }
}

/** Whether the file holds exactly what was signed. */
async function fetchRelease(
  url: string,
  { sha256, size_bytes }: Release,
  draft: string,
  { signal, progress }: Run,
): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: 'error', signal })
    if (!response.ok || response.body === null) {
      await response.body?.cancel()
      return false
    }
    const file = await open(draft, 'w', 0o700)
    try {
      const hash = createHash('sha256')
      let bytes = 0
      for await (const piece of response.body) {
        bytes += piece.byteLength
        if (bytes > size_bytes) return false
        hash.update(piece)
        // `write` may take a part of it; this takes it all.
        await file.appendFile(piece)
        progress(Math.floor((100 * bytes) / size_bytes))
      }
      await file.sync()
      return bytes === size_bytes && hash.digest('hex') === sha256
    } finally {
      await file.close()
    }
  } catch {
    return false
  }
}
