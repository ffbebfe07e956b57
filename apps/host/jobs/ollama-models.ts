/**
 * Pulling and removing models through Ollama, the one runtime that can do it over its own API. A
 * pull counts when what arrived is the very build that the catalogue approves; else it is undone.
 */
import * as z from 'zod'
import type { JobArgs } from '../../../src/protocol/job.ts'
import { readBoundedText } from '../bounded-body.ts'
import { runtimeUrl } from '../runtimes/surface.ts'
import type { Ground, JobRuntime, Outcome, Run } from './ground.ts'
import { jsonLines } from './json-lines.ts'

const requestTimeoutMs = 30_000
const tagsBytesMax = 1024 * 1024

const PullLine = z.looseObject({
  error: z.string().optional(),
  status: z.string().optional(),
  total: z.number().optional(),
  completed: z.number().optional(),
})
const Tags = z.looseObject({
  models: z.array(z.looseObject({ name: z.string(), digest: z.string().optional() })).max(4096),
})

export async function pullModel(
  { ollama_name, artifact_digest }: JobArgs<'model.pull'>,
  ground: Ground,
  run: Run,
): Promise<Outcome> {
  const runtime = ground.runtimes().find(({ kind, reachable }) => kind === 'ollama' && reachable)
  if (runtime === undefined) return { kind: 'rejected', reason: 'no_ollama' }
  const name = ollama_name.includes(':') ? ollama_name : `${ollama_name}:latest`
  const before = await digestOf(runtime, name)
  if (before.kind === 'failed') return before
  if (before.digest === artifact_digest) return { kind: 'succeeded', output: { pulled: false } }
  // What stands under the name is the owner's, and a pull would replace it for good.
  if (before.digest !== undefined) return { kind: 'rejected', reason: 'name_in_use' }
  const reason = await pull(runtime, name, run)
  const after = reason === undefined ? await digestOf(runtime, name) : undefined
  if (after?.kind === 'found' && after.digest === artifact_digest) {
    await ground.poll()
    return { kind: 'succeeded', output: { pulled: true } }
  }
  return undo(runtime, name, reason ?? 'other_build')
}

export async function removeModel(
  { artifact_digest }: JobArgs<'model.remove'>,
  ground: Ground,
  { signal }: Run,
): Promise<Outcome> {
  const model = ground.models().find(({ artifact }) => artifact.digest === artifact_digest)
  if (model === undefined) return { kind: 'succeeded', output: { removed: false } }
  const runtime = ground.runtimes().find(({ id }) => id === model.runtime_id)
  if (runtime?.kind !== 'ollama') return { kind: 'rejected', reason: 'runtime_cannot_remove' }
  const now = await digestOf(runtime, model.local_name)
  if (now.kind === 'failed') return now
  if (now.digest !== artifact_digest) return { kind: 'failed', reason: 'model_changed' }
  if (!(await remove(runtime, model.local_name, signal))) {
    return { kind: 'failed', reason: 'not_removed' }
  }
  await ground.poll()
  return { kind: 'succeeded', output: { removed: true } }
}

/** Undefined when it came to its end. */
async function pull(runtime: JobRuntime, name: string, run: Run): Promise<string | undefined> {
  try {
    const response = await fetch(runtimeUrl(runtime.url, '/api/pull'), {
      method: 'POST',
      body: JSON.stringify({ model: name, stream: true }),
      redirect: 'error',
      signal: run.signal,
    })
    if (!response.ok || response.body === null) return 'pull_refused'
    let status = ''
    for await (const line of jsonLines(response.body, PullLine)) {
      if (line.error !== undefined) return 'pull_failed'
      status = line.status ?? status
      const { completed, total } = line
      if (total && completed !== undefined) run.progress(Math.floor((100 * completed) / total))
    }
    return status === 'success' ? undefined : 'pull_broke_off'
  } catch {
    return run.signal.aborted ? 'aborted' : 'pull_broke_off'
  }
}

async function undo(runtime: JobRuntime, name: string, reason: string): Promise<Outcome> {
  const left = await digestOf(runtime, name)
  const isClean =
    (left.kind === 'found' && left.digest === undefined) || (await remove(runtime, name))
  return { kind: isClean ? 'rolled_back' : 'failed', reason }
}

async function remove(runtime: JobRuntime, name: string, signal?: AbortSignal): Promise<boolean> {
  const bounds = [AbortSignal.timeout(requestTimeoutMs), ...(signal ? [signal] : [])]
  try {
    const response = await fetch(runtimeUrl(runtime.url, '/api/delete'), {
      method: 'DELETE',
      body: JSON.stringify({ model: name }),
      redirect: 'error',
      signal: AbortSignal.any(bounds),
    })
    return response.ok
  } catch {
    return false
  }
}

type Found =
  | { readonly kind: 'found'; readonly digest: string | undefined }
  | { readonly kind: 'failed'; readonly reason: string }

async function digestOf(runtime: JobRuntime, name: string): Promise<Found> {
  try {
    const response = await fetch(runtimeUrl(runtime.url, '/api/tags'), {
      redirect: 'error',
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    const text = (await readBoundedText(response, tagsBytesMax)) ?? ''
    const { models } = Tags.parse(JSON.parse(text))
    const digest = models.find((model) => model.name === name)?.digest
    return { kind: 'found', digest: digest && `sha256:${digest.replace(/^sha256:/, '')}` }
  } catch {
    return { kind: 'failed', reason: 'ollama_not_answering' }
  }
}
